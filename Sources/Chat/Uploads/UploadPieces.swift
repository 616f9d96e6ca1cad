import ChatModel
import ChatStore
import Foundation
import Media
import NIOCore

/// Keeps the bytes of unfinished uploads.
protocol UploadPieces: Sendable {
    /// Prepares for the bytes of a new upload.
    func begin(_ id: UploadID) async throws

    /// How many bytes have arrived and will not be lost; nil if the upload is not there any more.
    func offset(of partial: PartialUpload) async throws -> Int?

    /// Continues an upload.
    /// - Parameter isChecked: Whether the bytes count only once `suspend` was called.
    func writer(of partial: PartialUpload, at offset: Int, isChecked: Bool) async throws -> any PieceWriter

    /// The bytes of a complete upload in one file.
    func gather(_ partial: PartialUpload) async throws -> ReceivedFile

    /// The upload is finished: its bytes are kept elsewhere.
    func forget(_ partial: PartialUpload) async throws

    /// The upload is given up.
    func discard(_ partial: PartialUpload) async throws
}

/// Takes the bytes of one request.
protocol PieceWriter: Sendable {
    /// Bytes of the upload, with those that came before.
    var count: Int { get async }

    /// Whether all bytes of the request are kept where whoever finishes the upload finds them.
    var isKept: Bool { get async }

    /// - Throws: `tooLarge` for more bytes than the upload may have.
    func write(_ buffer: ByteBuffer) async throws

    /// Ends the writer. Its bytes will not be lost.
    /// - Returns: How many bytes the upload has.
    func suspend() async throws -> Int

    /// Ends a writer whose request failed. The bytes that came are kept, unless they had to be checked.
    func interrupt() async

    /// The whole upload, if this writer has it: all bytes have come. Ends the writer.
    func finish(_ partial: PartialUpload) async throws -> ReceivedFile
}

/// The bytes of an upload are in its temporary file, whose length is the offset: the two cannot differ.
struct LocalPieces: UploadPieces {
    let blobs: BlobStore
    let store: PartialUploadStore

    func begin(_ id: UploadID) async throws {
        let writer = blobs.makeWriter(id.uuid, maxBytes: 0)
        do {
            _ = try await writer.suspend()
        } catch {
            await writer.abort()
            throw error
        }
    }

    func offset(of partial: PartialUpload) async throws -> Int? {
        do {
            let size = try await blobs.temporarySize(partial.id.uuid)
            return min(size, partial.verified ?? size)
        } catch let error as MediaError where error.code == .notFound {
            return nil
        }
    }

    func writer(of partial: PartialUpload, at offset: Int, isChecked: Bool) async throws -> any PieceWriter {
        if isChecked { try await store.distrust(partial.id, from: offset) }
        do {
            return Writer(
                file: try await blobs.resumeWriter(partial.id.uuid, at: offset, maxBytes: partial.length),
                isChecked: isChecked,
                id: partial.id, store: store)
        } catch let error as MediaError where error.code == .inUse {
            // Another server that shares the disk writes: its bytes count.
            throw MediaError(.offsetMismatch, error.detail)
        }
    }

    func gather(_ partial: PartialUpload) async throws -> ReceivedFile {
        if let parts = partial.parts {
            try await blobs.assemble(partial.id.uuid, from: parts.map(\.uuid))
            try await store.forgetParts(of: partial.id)
            // What stays is swept up later.
            for part in parts { try? await blobs.discard(part.uuid) }
        }
        return try await blobs.resumeWriter(partial.id.uuid, at: partial.length, maxBytes: partial.length).finish()
    }

    func forget(_ partial: PartialUpload) async throws {}

    func discard(_ partial: PartialUpload) async throws {
        for file in [partial.id] + (partial.parts ?? []) { try await blobs.discard(file.uuid) }
    }

    private struct Writer: PieceWriter {
        let file: BlobWriter
        let isChecked: Bool
        let id: UploadID
        let store: PartialUploadStore

        var count: Int { get async { await file.count } }

        /// They are in the upload's only file.
        var isKept: Bool { true }

        func write(_ buffer: ByteBuffer) async throws { try await file.write(buffer) }

        func suspend() async throws -> Int { try await file.suspend() }

        func interrupt() async {
            _ = try? await file.suspend()
            // What is not checked yet still counts from where it began.
            if !isChecked { _ = try? await store.renew(id) }
        }

        func finish(_ partial: PartialUpload) async throws -> ReceivedFile { try await file.finish() }
    }
}
