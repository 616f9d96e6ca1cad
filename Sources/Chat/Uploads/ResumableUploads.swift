public import ChatModel
import ChatStore
public import Foundation
import Media
public import NIOCore

/// Files that arrive in pieces, over any number of requests and restarts. When all bytes have come, the file is processed
/// like every other upload.
public struct ResumableUploads: Sendable {
    let uploads: Uploads
    let store: PartialUploadStore

    let pieces: any UploadPieces
    let writers = PieceWriters()
    private let finishing = KeyedLock<UploadID>()

    init(uploads: Uploads, stores: Stores) {
        self.uploads = uploads
        store = stores.partialUploads
        let blobs = uploads.storage.blobs
        pieces =
            if let objects = uploads.storage.contents.objects {
                ObjectPieces(
                    blobs: blobs, objects: objects, store: stores.uploadPieces, partials: stores.partialUploads,
                    dropped: uploads.dropped)
            } else {
                LocalPieces(blobs: blobs, store: stores.partialUploads)
            }
    }

    /// How far an upload is.
    public struct Progress: Sendable {
        public var id: UploadID
        /// Bytes that have arrived and will not be lost.
        public var offset: Int
        /// How many bytes it will have; nil while the client does not know.
        public var length: Int?
        /// Whether the file has been processed: it is an upload like any other.
        public var isFinished = false
        /// The client's `Upload-Metadata` and `Upload-Concat`, which are repeated when a client asks for the offset.
        public var metadata: String?
        public var concat: String?
        /// When the upload expires; nil for a finished one.
        public var expires: Date?
    }

    /// How an upload is begun, and when it is complete.
    public struct Plan: Sendable {
        /// How many bytes it will have; nil while the client does not know.
        public var length: Int?
        /// Whether it becomes a part of another upload, and no file of its own.
        public var isPart: Bool
        /// Whether the client says when the upload is complete. Otherwise it is with its last byte.
        public var hasExplicitEnd: Bool

        public init(length: Int?, isPart: Bool = false, hasExplicitEnd: Bool = false) {
            self.length = length
            self.isPart = isPart
            self.hasExplicitEnd = hasExplicitEnd
        }
    }

    /// Begins an upload. One of unknown length counts against the quota with all bytes that may come.
    /// - Parameter metadata: The text that `status` repeats.
    /// - Throws: As `Uploads.begin`; `rate_limited` also when the owner has too many unfinished uploads.
    public func create(name: String, metadata: String?, _ plan: Plan, uploader: Uploader) async throws -> Progress {
        let owner = uploader.user
        // Held until the row counts against the quota.
        let place = try await uploads.reserve(uploader, length: plan.length)
        defer { uploads.underWay.leave(place, keeping: place.bytes) }
        let id = UploadID.make()
        let beginning = PartialUploadStore.Beginning(
            name: FileName.cleaned(name), metadata: metadata, length: place.bytes, isDeferred: plan.length == nil,
            hasExplicitEnd: plan.hasExplicitEnd, concat: plan.isPart ? PartialUpload.part : nil)
        try await uploads.storing { try await pieces.begin(id) }
        let expires: Date
        do {
            guard let date = try await store.insert(id, owner: owner, beginning) else {
                throw ChatError(
                    .rateLimited, "at most \(PartialUploadStore.maxEach) unfinished uploads", retryAfter: 60)
            }
            expires = date
        } catch {
            try? await uploads.storage.blobs.discard(id.uuid)
            throw error
        }
        if plan.length == 0, !plan.isPart, !plan.hasExplicitEnd { return try await status(of: id, owner: owner) }
        return Progress(id: id, offset: 0, length: plan.length, concat: beginning.concat, expires: expires)
    }

    /// How far the upload is. If all bytes have come but the server ended before it was finished, it is finished first.
    /// - Throws: `not_found` also for somebody else's upload; `gone` for an expired one.
    public func status(of id: UploadID, owner: UserID) async throws -> Progress {
        guard let partial = try await find(id, owner) else { return try await finishedWithWords(id, owner) }
        writers.interruptSilent(key(partial))
        if partial.parts == nil {
            let offset = try await offset(of: partial)
            guard partial.isComplete(with: offset) else { return progress(partial, offset, partial.expires) }
        }
        try await complete(partial)
        return try await finishedWithWords(id, owner)
    }

    /// What one request adds to an upload.
    public struct Piece: Sendable {
        /// The size of its body, if the sender says it.
        public var size: Int?
        /// Where the sender goes on.
        public var offset: Int
        public var checksum: PieceChecksum?
        /// How many bytes the upload will have, if the sender says it.
        public var length: Int?
        /// Whether the upload is complete with this piece, where the client has to say so.
        public var isLast: Bool

        public init(
            size: Int?, offset: Int, checksum: PieceChecksum? = nil, length: Int? = nil, isLast: Bool = false
        ) {
            self.size = size
            self.offset = offset
            self.checksum = checksum
            self.length = length
            self.isLast = isLast
        }
    }

    /// Takes the bytes of one request. They are kept however the request ends, unless their checksum does not match. With
    /// the last byte the upload is finished.
    ///
    /// - Throws: `upload_offset_mismatch` when the offset is wrong or another request writes, `checksum_mismatch`,
    ///   `rate_limited` and `unavailable` as `Uploads.begin`, `too_large` for more bytes than were announced,
    ///   `malformed_request` for another length than before, `forbidden` for an upload that consists of others,
    ///   `not_found`, `gone`, and whatever ends an upload otherwise.
    public func append(
        _ body: some AsyncSequence<ByteBuffer, any Error> & Sendable, _ piece: Piece, to id: UploadID,
        uploader: Uploader
    ) async throws -> Progress {
        let owner = uploader.user
        // Its row already counts against the quota.
        let place = try uploads.underWay.enter(uploader, bytes: 0)
        defer { uploads.underWay.leave(place) }
        let key = PieceWriters.Key(upload: id, owner: owner)
        let turn = try writers.begin(key)
        defer { writers.end(key) }
        guard var partial = try await find(id, owner) else { return try await appendNothing(piece, to: id, owner) }
        if partial.isConcatenated { throw Self.isConcatenated }
        let current = try await self.offset(of: partial)
        guard piece.offset == current else { throw mismatch(current) }
        try await setLength(of: &partial, by: piece)
        if let size = piece.size, size > partial.length - current { throw tooLong(partial) }
        let writer = try await uploads.storing { [partial] in
            try await pieces.writer(of: partial, at: current, isChecked: piece.checksum != nil)
        }
        do {
            try await turn.run { try await receive(body, turn, writer, piece.checksum, id) }
        } catch {
            await writer.interrupt()
            switch error {
            case let error as ChatError where error.code == .tooLarge: throw tooLong(partial)
            case let error as ChatError where error.code == .uploadOffsetMismatch:
                throw mismatch(try await offset(of: partial))
            case is CancellationError where !Task.isCancelled: throw Self.interrupted
            default: throw error
            }
        }
        let count = await writer.count
        let isLast = partial.hasExplicitEnd && piece.isLast && (partial.isDeferred || count == partial.length)
        guard isLast || partial.isComplete(with: count) else {
            let end = try await suspend(writer, of: partial)
            return progress(partial, end, try await store.renew(id))
        }
        if partial.hasExplicitEnd, count == 0 {
            _ = try? await writer.suspend()
            throw ChatError.invalid("file", "is empty")
        }
        // Another request may have sent the whole upload as well, and been faster.
        guard try await complete(partial, writer) else { throw mismatch(try await finished(id, owner).offset) }
        return try await finished(id, owner)
    }

    private func suspend(_ writer: any PieceWriter, of partial: PartialUpload) async throws -> Int {
        do {
            return try await uploads.storing { try await writer.suspend() }
        } catch let error as ChatError where error.code == .uploadOffsetMismatch {
            // Another server was faster.
            throw mismatch(try await offset(of: partial))
        }
    }

    /// A client that did not hear of the end repeats the last request.
    private func appendNothing(_ piece: Piece, to id: UploadID, _ owner: UserID) async throws -> Progress {
        let upload = try await finished(id, owner)
        if try await store.said(ofFinished: id).concat != nil { throw Self.isConcatenated }
        guard piece.offset == upload.offset, (piece.size ?? 0) == 0 else { throw mismatch(upload.offset) }
        return upload
    }

    /// Once it is known, the length stays.
    private func setLength(of partial: inout PartialUpload, by piece: Piece) async throws {
        guard let length = piece.length else { return }
        guard partial.isDeferred else {
            guard length == partial.length else {
                throw ChatError(.malformedRequest, "Upload-Length: this upload is \(partial.length) bytes long")
            }
            return
        }
        guard length >= piece.offset else {
            throw ChatError(.malformedRequest, "Upload-Length: \(piece.offset) bytes have come already")
        }
        guard try await store.setLength(length, of: partial.id) else { throw tooLong(partial) }
        partial.length = length
        partial.isDeferred = false
    }

    /// How often a long piece says in the database that it still comes.
    private static let touching: Duration = .seconds(PartialUploadStore.idleSeconds / 4)

    private func receive(
        _ body: some AsyncSequence<ByteBuffer, any Error> & Sendable, _ turn: PieceWriters.Turn,
        _ writer: any PieceWriter, _ checksum: PieceChecksum?, _ id: UploadID
    ) async throws {
        var check = checksum.map(PieceChecksum.Check.init)
        var touched = ContinuousClock.now
        for try await buffer in body {
            turn.heard()
            if touched.duration(to: .now) > Self.touching {
                touched = .now
                try await store.touch(id)
            }
            check?.update(buffer)
            try await uploads.storing { try await writer.write(buffer) }
        }
        // A cancelled body ends without an error.
        try Task.checkCancellation()
        if let check, !check.matches {
            throw ChatError(.checksumMismatch, "the bytes are not those of Upload-Checksum; none of them is kept")
        }
    }

    /// Ends a request that still writes to the upload: its client says that it has given it up.
    public func interrupt(_ id: UploadID, owner: UserID) async {
        let key = PieceWriters.Key(upload: id, owner: owner)
        _ = await writers.takeOver(key)
        writers.end(key)
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
        try await uploads.storing { try await pieces.discard(partial) }
    }

    // MARK: The end

    /// Finishes an upload whose bytes have all come. A second caller waits for the first; at another server it finds the
    /// upload finished.
    ///
    /// - Parameter writer: The writer of the last piece; without it, the file is read again.
    /// - Returns: Whether the upload has the writer's bytes. Otherwise somebody else has finished it with others.
    @discardableResult
    func complete(_ partial: PartialUpload, _ writer: (any PieceWriter)? = nil) async throws -> Bool {
        try await finishing.withLock(partial.id) {
            guard let partial = try await store.find(partial.id, owner: partial.owner) else {
                await writer?.interrupt()
                return await writer?.isKept ?? true
            }
            do {
                try await finish(partial, writer)
                return true
            } catch let error as ChatError {
                guard await isFinished(partial) else { throw error }
                return await writer?.isKept ?? true
            }
        }
    }

    private func finish(_ partial: PartialUpload, _ writer: (any PieceWriter)?) async throws {
        let file = try await uploads.storing {
            if let writer { try await writer.finish(partial) } else { try await pieces.gather(partial) }
        }
        do {
            _ = try await uploads.keep(
                file, as: partial.id, name: partial.name, owner: partial.owner, isRepeatable: true)
            try? await pieces.forget(partial)
        } catch {
            try await discard(file, of: partial, after: error)
            throw error
        }
    }

    /// Whether another server has finished it meanwhile.
    private func isFinished(_ partial: PartialUpload) async -> Bool {
        do {
            guard try await store.find(partial.id, owner: partial.owner) == nil else { return false }
            _ = try await finished(partial.id, partial.owner)
            return true
        } catch {
            return false
        }
    }

    /// A file that was refused is deleted. After any other failure the next request tries again.
    private func discard(_ file: ReceivedFile, of partial: PartialUpload, after error: any Error) async throws {
        // It has been gathered, and can be again.
        if file.name != partial.id.uuid { try? await uploads.storage.blobs.discard(file) }
        guard let error = error as? ChatError, error.code == .validationFailed, try await store.delete(partial.id)
        else {
            return
        }
        try await uploads.storing { try await pieces.discard(partial) }
    }

    private func finishedWithWords(_ id: UploadID, _ owner: UserID) async throws -> Progress {
        var progress = try await finished(id, owner)
        let said = try await store.said(ofFinished: id)
        (progress.metadata, progress.concat) = (said.metadata, said.concat)
        return progress
    }

    private func finished(_ id: UploadID, _ owner: UserID) async throws -> Progress {
        let upload = try await uploads.find(id, for: owner)
        guard upload.ownerId == owner else { throw ChatError.notFound("upload") }
        return Progress(id: id, offset: upload.size, length: upload.size, isFinished: true)
    }

    // MARK: Where it stands

    func find(_ id: UploadID, _ owner: UserID) async throws -> PartialUpload? {
        let partial = try await store.find(id, owner: owner)
        if partial?.isExpired == true { throw expired }
        return partial
    }

    func offset(of partial: PartialUpload) async throws -> Int {
        guard let offset = try await uploads.storing({ try await pieces.offset(of: partial) }) else { throw expired }
        return offset
    }

    private func progress(_ partial: PartialUpload, _ offset: Int, _ expires: Date?) -> Progress {
        Progress(
            id: partial.id, offset: offset, length: partial.isDeferred ? nil : partial.length,
            metadata: partial.metadata, concat: partial.concat, expires: expires)
    }

    func key(_ partial: PartialUpload) -> PieceWriters.Key { .init(upload: partial.id, owner: partial.owner) }

    /// More bytes than were announced, or than may come.
    private func tooLong(_ partial: PartialUpload) -> ChatError {
        guard partial.isDeferred else { return Self.tooLong(partial.length) }
        return partial.length < uploads.maxBytes ? uploads.quotaExceeded : uploads.tooLarge
    }

    public static func tooLong(_ length: Int) -> ChatError {
        ChatError(.tooLarge, "this upload is \(length) bytes long")
    }

    private static let interrupted = ChatError(
        .uploadOffsetMismatch, "nothing came for a while, and another request goes on with this upload")

    private static let isConcatenated = ChatError(
        .forbidden, "this upload consists of others, and nothing is added to it")

    private var expired: ChatError { ChatError(.gone, "this upload has expired") }

    private func mismatch(_ offset: Int) -> ChatError {
        ChatError(.uploadOffsetMismatch, "this upload goes on at byte \(offset)")
    }
}
