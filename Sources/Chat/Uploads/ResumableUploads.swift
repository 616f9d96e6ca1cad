public import ChatModel
import ChatStore
public import Foundation
import Media
public import NIOCore

/// Files that arrive in pieces, over any number of requests and restarts. The length of the temporary file is the offset,
/// so the two cannot differ. After the last byte, the file is processed like every other upload.
public struct ResumableUploads: Sendable {
    let uploads: Uploads
    let store: PartialUploadStore

    private let writers = PieceWriters()
    private let finishing = KeyedLock<UploadID>()

    init(uploads: Uploads, store: PartialUploadStore) {
        self.uploads = uploads
        self.store = store
    }

    /// How far an upload is.
    public struct Progress: Sendable {
        public var id: UploadID
        /// Bytes that have arrived and will not be lost.
        public var offset: Int
        /// How many bytes it will have.
        public var length: Int
        /// The client's `Upload-Metadata`, which is repeated when a client asks for the offset.
        public var metadata: String?
        /// When the upload expires; nil for a finished one.
        public var expires: Date?
    }

    /// Begins an upload of `length` bytes.
    /// - Parameter metadata: The text that `status` repeats.
    /// - Throws: As `Uploads.begin`; `rate_limited` also when the owner has too many unfinished uploads.
    public func create(name: String, metadata: String?, length: Int, uploader: Uploader) async throws -> Progress {
        let owner = uploader.user
        // Held until the row counts against the quota.
        let place = try await uploads.reserve(uploader, length: length)
        defer { uploads.underWay.leave(place, keeping: length) }
        let id = UploadID.make()
        let writer = uploads.storage.blobs.makeWriter(id.uuid, maxBytes: 0)
        let expires: Date
        do {
            _ = try await uploads.storing { try await writer.suspend() }
            let name = FileName.cleaned(name)
            guard let date = try await store.insert(id, owner: owner, name: name, metadata: metadata, length: length)
            else {
                throw ChatError(
                    .rateLimited, "at most \(PartialUploadStore.maxEach) unfinished uploads", retryAfter: 60)
            }
            expires = date
        } catch {
            await writer.abort()
            throw error
        }
        guard length > 0 else { return try await status(of: id, owner: owner) }
        return Progress(id: id, offset: 0, length: length, expires: expires)
    }

    /// How far the upload is. If all bytes have come but the server ended before it was finished, it is finished first.
    /// - Throws: `not_found` also for somebody else's upload; `gone` for an expired one.
    public func status(of id: UploadID, owner: UserID) async throws -> Progress {
        guard let partial = try await find(id, owner) else { return try await finishedWithMetadata(id, owner) }
        writers.interruptSilent(key(partial))
        let offset = try await offset(of: partial)
        guard offset == partial.length else {
            return Progress(
                id: id, offset: offset, length: partial.length, metadata: partial.metadata, expires: partial.expires)
        }
        try await complete(partial)
        return try await finishedWithMetadata(id, owner)
    }

    /// Takes the bytes of one request. They are kept however the request ends, unless their checksum does not match. With
    /// the last byte the upload is finished.
    ///
    /// - Parameters:
    ///   - size: The size of `body`, if the sender says it.
    ///   - offset: Where the sender goes on.
    /// - Throws: `upload_offset_mismatch` when that is wrong or another request writes, `checksum_mismatch`,
    ///   `rate_limited` and `unavailable` as `Uploads.begin`,
    ///   `too_large` for more bytes than were announced, `not_found`, `gone`, and whatever ends an upload otherwise.
    public func append(
        _ body: some AsyncSequence<ByteBuffer, any Error> & Sendable, size: Int?, to id: UploadID, at offset: Int,
        checksum: PieceChecksum?, uploader: Uploader
    ) async throws -> Progress {
        let owner = uploader.user
        // Its row already counts against the quota.
        let place = try uploads.underWay.enter(uploader, bytes: 0)
        defer { uploads.underWay.leave(place) }
        let key = PieceWriters.Key(upload: id, owner: owner)
        let turn = try writers.begin(key)
        defer { writers.end(key) }
        guard let partial = try await find(id, owner) else {
            let upload = try await finished(id, owner)
            guard offset == upload.length, (size ?? 0) == 0 else { throw mismatch(upload.length) }
            return upload
        }
        let current = try await self.offset(of: partial)
        guard offset == current else { throw mismatch(current) }
        if let size, size > partial.length - offset { throw Self.tooLong(partial.length) }
        if checksum != nil { try await store.distrust(id, from: offset) }
        let writer = try await uploads.storing {
            try await uploads.storage.blobs.resumeWriter(id.uuid, at: offset, maxBytes: partial.length)
        }
        do {
            try await turn.run { try await receive(body, turn, writer, checksum) }
        } catch {
            _ = try? await writer.suspend()
            if checksum == nil { _ = try? await store.renew(id) }
            switch error {
            case let error as ChatError where error.code == .tooLarge: throw Self.tooLong(partial.length)
            case is CancellationError where !Task.isCancelled: throw Self.interrupted
            default: throw error
            }
        }
        guard await writer.count < partial.length else {
            try await complete(partial, writer)
            return try await finished(id, owner)
        }
        let end = try await uploads.storing { try await writer.suspend() }
        return Progress(id: id, offset: end, length: partial.length, expires: try await store.renew(id))
    }

    private func receive(
        _ body: some AsyncSequence<ByteBuffer, any Error> & Sendable, _ turn: PieceWriters.Turn, _ writer: BlobWriter,
        _ checksum: PieceChecksum?
    ) async throws {
        var check = checksum.map(PieceChecksum.Check.init)
        for try await buffer in body {
            turn.heard()
            check?.update(buffer)
            try await uploads.storing { try await writer.write(buffer) }
        }
        // A cancelled body ends without an error.
        try Task.checkCancellation()
        if let check, !check.matches {
            throw ChatError(.checksumMismatch, "the bytes are not those of Upload-Checksum; none of them is kept")
        }
    }

    /// Gives up an unfinished upload, or deletes a finished one.
    public func terminate(_ id: UploadID, owner: UserID) async throws {
        guard let partial = try await store.find(id, owner: owner) else {
            return try await uploads.delete(id, by: owner)
        }
        _ = await writers.takeOver(key(partial))
        defer { writers.end(key(partial)) }
        let removed = try await finishing.withLock(id) { try await store.delete(id) }
        guard removed else { return try await uploads.delete(id, by: owner) }
        try await uploads.storing { try await uploads.storage.blobs.discard(id.uuid) }
    }

    // MARK: The end

    /// Finishes an upload whose bytes have all come. A second caller waits for the first.
    ///
    /// - Parameter writer: The writer of the last piece; without it, the file is read again.
    private func complete(_ partial: PartialUpload, _ writer: BlobWriter? = nil) async throws {
        try await finishing.withLock(partial.id) {
            guard try await store.find(partial.id, owner: partial.owner) != nil else { return }
            let blobs = uploads.storage.blobs
            let file = try await uploads.storing {
                let last: BlobWriter
                if let writer {
                    last = writer
                } else {
                    last = try await blobs.resumeWriter(partial.id.uuid, at: partial.length, maxBytes: partial.length)
                }
                return try await last.finish()
            }
            do {
                _ = try await uploads.keep(
                    file, as: partial.id, name: partial.name, owner: partial.owner, isRepeatable: true)
            } catch let error as ChatError {
                // The file was refused, so it is deleted. After any other failure the next request tries again.
                if error.code == .validationFailed, try await store.delete(partial.id) {
                    try await uploads.storing { try await blobs.discard(file) }
                }
                throw error
            }
        }
    }

    private func finishedWithMetadata(_ id: UploadID, _ owner: UserID) async throws -> Progress {
        var progress = try await finished(id, owner)
        progress.metadata = try await store.metadata(ofFinished: id)
        return progress
    }

    private func finished(_ id: UploadID, _ owner: UserID) async throws -> Progress {
        let upload = try await uploads.find(id, for: owner)
        guard upload.ownerId == owner else { throw ChatError.notFound("upload") }
        return Progress(id: id, offset: upload.size, length: upload.size, expires: nil)
    }

    // MARK: Where it stands

    private func find(_ id: UploadID, _ owner: UserID) async throws -> PartialUpload? {
        let partial = try await store.find(id, owner: owner)
        if partial?.isExpired == true { throw expired }
        return partial
    }

    private func offset(of partial: PartialUpload) async throws -> Int {
        let size = try await uploads.storing {
            do {
                return try await uploads.storage.blobs.temporarySize(partial.id.uuid)
            } catch let error as MediaError {
                guard error.code == .notFound else { throw error }
                throw expired
            }
        }
        return min(size, partial.verified ?? size)
    }

    private func key(_ partial: PartialUpload) -> PieceWriters.Key { .init(upload: partial.id, owner: partial.owner) }

    public static func tooLong(_ length: Int) -> ChatError {
        ChatError(.tooLarge, "this upload is \(length) bytes long")
    }

    private static let interrupted = ChatError(
        .uploadOffsetMismatch, "nothing came for a while, and another request goes on with this upload")

    private var expired: ChatError { ChatError(.gone, "this upload has expired") }

    private func mismatch(_ offset: Int) -> ChatError {
        ChatError(.uploadOffsetMismatch, "this upload goes on at byte \(offset)")
    }
}
