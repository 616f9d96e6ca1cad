import ChatModel
import ChatStore
import Foundation
import Media
import NIOCore

/// The bytes of an upload are in objects, and rows say which: any server continues what another one began. The offset is the
/// end of the last row.
struct ObjectPieces: UploadPieces {
    let blobs: BlobStore
    let objects: ObjectContents
    let store: UploadPieceStore
    let partials: PartialUploadStore
    let dropped: DroppedObjects

    func begin(_ id: UploadID) async throws {}

    func offset(of partial: PartialUpload) async throws -> Int? { try await store.end(of: partial.id) }

    func writer(of partial: PartialUpload, at offset: Int, isChecked: Bool) async throws -> any PieceWriter {
        ObjectPieceWriter(self, partial, at: offset, isChecked: isChecked)
    }

    func gather(_ partial: PartialUpload) async throws -> ReceivedFile {
        do {
            return try await fetch(partial)
        } catch let error as MediaError where [.io, .notFound].contains(error.code) {
            // Whoever has finished the upload drops its pieces.
            guard try await partials.find(partial.id, owner: partial.owner) == nil else { throw error }
            throw MediaError(.offsetMismatch, "\(partial.id) has been finished")
        }
    }

    private func fetch(_ partial: PartialUpload) async throws -> ReceivedFile {
        let pieces = try await store.list(partial.parts ?? [partial.id]).flatMap(\.self)
        let size = pieces.reduce(0) { $0 + $1.length }
        guard partial.isDeferred || size == partial.length else {
            throw MediaError(.io, "\(partial.id) has \(size) bytes and not \(partial.length)")
        }
        // Under a name of its own, so that the sweep takes it if this server dies.
        let writer = blobs.makeWriter(UUID(), maxBytes: size, announced: size)
        do {
            for piece in pieces {
                try await objects.read(key: piece.key, size: piece.length) { try await writer.write($0) }
            }
            return try await writer.finish()
        } catch {
            await writer.abort()
            throw error
        }
    }

    func forget(_ partial: PartialUpload) async throws {
        try await store.drop([partial.id] + (partial.parts ?? []))
        dropped.look()
    }

    func discard(_ partial: PartialUpload) async throws { try await forget(partial) }
}

/// Takes the bytes of one request into a file on the local disk, and puts them into objects as they come.
actor ObjectPieceWriter: PieceWriter {
    /// Of one object, in bytes. A server that dies costs no more of what came than this.
    private static let maxPiece = 16 << 20

    private let pieces: ObjectPieces
    private let upload: UploadID
    private let start: Int
    private let isChecked: Bool
    private let file: BlobWriter
    /// Bytes of the file that are in objects.
    private var sealed = 0
    /// Objects of which this server does not know that they have rows: those of bytes that have yet to be checked.
    private var unlisted: [UploadPieceStore.Piece] = []
    /// Bytes of the file that rows tell of.
    private var listed = 0
    private var received = 0

    init(_ pieces: ObjectPieces, _ partial: PartialUpload, at start: Int, isChecked: Bool) {
        self.pieces = pieces
        upload = partial.id
        self.start = start
        self.isChecked = isChecked
        file = pieces.blobs.makeWriter(UUID(), maxBytes: partial.length - start)
    }

    var count: Int { get async { start + (await file.count) } }

    var isKept: Bool { listed == received }

    func write(_ buffer: ByteBuffer) async throws {
        try await file.write(buffer)
        received += buffer.readableBytes
        while await file.count - sealed >= Self.maxPiece { try await seal(Self.maxPiece) }
    }

    func suspend() async throws -> Int {
        do {
            try await sealRest()
            if !unlisted.isEmpty { try await list(unlisted) }
        } catch {
            await giveUpUnlisted()
            await file.abort()
            throw error
        }
        await file.abort()
        return start + sealed
    }

    func interrupt() async {
        // Not in the task of the request, which may be cancelled.
        await Task {
            if !isChecked, (try? await sealRest()) != nil { _ = try? await pieces.partials.renew(upload) }
            await giveUpUnlisted()
            await file.abort()
        }.value
    }

    func finish(_ partial: PartialUpload) async throws -> ReceivedFile {
        // It has all bytes. If the file cannot be finished, the client sends again what is in no object.
        if start == 0 {
            await giveUpUnlisted()
            guard try await pieces.store.end(of: upload) == listed else {
                await file.abort()
                throw MediaError(.offsetMismatch, "\(upload) has other bytes")
            }
            return try await file.finish()
        }
        _ = try await suspend()
        return try await pieces.gather(partial)
    }

    private func sealRest() async throws {
        let rest = await file.count - sealed
        if rest > 0 { try await seal(rest) }
    }

    private func seal(_ length: Int) async throws {
        let file = try await file.reader()
        let piece = UploadPieceStore.Piece(
            start: start + sealed, length: length, key: ObjectContents.pieceKey(of: upload.uuid))
        try await pieces.dropped.announce([piece.key])
        try await pieces.objects.put(piece: file, sealed..<sealed + length, as: piece.key)
        unlisted.append(piece)
        sealed += length
        if !isChecked { try await list([piece]) }
    }

    /// Not cancelled with the request: of what was begun, the outcome is known.
    /// - Throws: `offsetMismatch` if somebody else has written there.
    private func list(_ pieces: [UploadPieceStore.Piece]) async throws {
        let (store, upload) = (self.pieces.store, upload)
        guard try await Task(operation: { try await store.add(pieces, to: upload) }).value else {
            throw MediaError(.offsetMismatch, "\(upload) has other bytes at \(pieces.first?.start ?? 0)")
        }
        listed += pieces.reduce(0) { $0 + $1.length }
        unlisted = []
    }

    /// Those that have rows after all stay: the database was asked, and its answer got lost.
    private func giveUpUnlisted() async {
        guard !unlisted.isEmpty else { return }
        await pieces.dropped.giveUp(unlisted.map(\.key))
        unlisted = []
    }
}
