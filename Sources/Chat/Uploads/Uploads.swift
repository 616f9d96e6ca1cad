import Foundation
import Logging
public import Media
public import NIOCore
import PostgresClient
import Synchronization

/// Files: from the bytes of a request to a row, and back.
public struct Uploads: Sendable {
    let database: PostgresClient
    let store: UploadStore
    let links: UploadLinks
    let storage: Storage
    let logger: Logger

    /// Held while rows and files of one content are brought in line, so that the last reference is not deleted under a
    /// new one's feet.
    private let contents = KeyedLock<BlobID>()
    private let progress = InProgress()

    init(database: PostgresClient, store: UploadStore, links: UploadLinks, storage: Storage, logger: Logger) {
        self.database = database
        self.store = store
        self.links = links
        self.storage = storage
        self.logger = logger
    }

    // MARK: Receiving

    /// A file on its way in. Its owner calls `finish` or `abandon`.
    public struct Incoming: Sendable {
        let owner: UserID
        let name: String
        let writer: BlobWriter
        /// What makes it too large: the limit of one file, or what is left of the quota.
        let isLimitedByQuota: Bool
    }

    /// Begins to receive a file.
    /// - Parameter length: in bytes, if the sender says it: what is too large is refused before it is read.
    /// - Throws: `too_large`, `quota_exceeded`, `rate_limited` when the owner has too many under way, `unavailable`
    ///   when everybody together has, `storage_full`.
    public func begin(_ name: String, length: Int?, owner: UserID) async throws -> Incoming {
        if let length, length > storage.maximumBytes { throw tooLarge }
        try progress.enter(owner)
        do {
            let left = storage.quotaBytes - (try await store.usage(of: owner))
            if left <= 0 || length.map({ $0 > left }) == true { throw quotaExceeded }
            let writer = try await storing { try await storage.blobs.makeWriter(maxBytes: min(left, storage.maximumBytes)) }
            return Incoming(
                owner: owner, name: FileName.cleaned(name), writer: writer, isLimitedByQuota: left < storage.maximumBytes)
        } catch {
            progress.leave(owner)
            throw error
        }
    }

    public func append(_ buffer: ByteBuffer, to incoming: Incoming) async throws {
        do {
            try await storing { try await incoming.writer.write(buffer) }
        } catch let error as ChatError where error.code == .tooLarge && incoming.isLimitedByQuota {
            throw quotaExceeded
        }
    }

    /// Gives up a file: nothing of it is left.
    public func abandon(_ incoming: Incoming) async {
        await incoming.writer.abort()
        progress.leave(incoming.owner)
    }

    /// Looks at what was received, keeps it, and gives it its row. Ends the receiving whatever the outcome.
    /// - Throws: `validation_failed` for an empty file, `unavailable` when too many wait to be looked at,
    ///   `storage_full`.
    public func finish(_ incoming: Incoming) async throws -> Upload {
        defer { progress.leave(incoming.owner) }
        let file: ReceivedFile
        do {
            guard await incoming.writer.count > 0 else { throw ChatError.invalid("file", "is empty") }
            file = try await storing { try await incoming.writer.finish() }
        } catch {
            await incoming.writer.abort()
            throw error
        }
        do {
            return try await keep(file, name: incoming.name, owner: incoming.owner)
        } catch {
            try? await storage.blobs.discard(file.name)
            throw error
        }
    }

    private func keep(_ file: ReceivedFile, name: String, owner: UserID) async throws -> Upload {
        let id = UploadID.make()
        let known = try await contents.withLock(file.sha256) {
            guard let blob = try await store.blob(file.sha256.hex) else { return false }
            try await store.insert(id, owner: owner, name: name, blob: blob)
            return true
        }
        if known {
            try? await storage.blobs.discard(file.name)
        } else {
            let media = try await storing { try await storage.workers.process(file) }
            try await contents.withLock(file.sha256) {
                try await storing { try await storage.blobs.commit(file, media) }
                try await store.insert(id, owner: owner, name: name, blob: Blob(file, media))
            }
        }
        guard let upload = try await store.find(id, viewer: owner)?.upload else { throw ChatError.notFound("upload") }
        return upload
    }

    // MARK: Showing

    public func find(_ id: UploadID, for user: UserID) async throws -> Upload {
        try await visible(id, to: user).upload
    }

    /// What opens a file: the token of its URL, or being someone who may see it.
    public enum Key: Sendable {
        case token(String)
        case user(UserID)
    }

    /// A file ready to be served.
    public struct Opened: Sendable {
        public var upload: Upload
        public var reader: BlobReader
        /// Of what is served.
        public var type: String
        /// A strong validator (RFC 9110 § 8.8.3), without quotes.
        public var etag: String
        /// Seconds for which the URL itself goes on working; nil when a user opened it.
        public var validFor: Int?
    }

    /// - Throws: `unauthenticated` or `token_expired` for a bad token, `not_found` also for what the user may not see,
    ///   `gone` once all messages that carried it were deleted.
    public func open(_ id: UploadID, _ variant: Variant, with key: Key) async throws -> Opened {
        let found: UploadStore.Found
        var validFor: Int?
        switch key {
        case .user(let user):
            found = try await visible(id, to: user)
        case .token(let token):
            switch links.verify(token, for: id) {
            case .forged: throw ChatError(.unauthenticated, "this URL's token is not valid")
            case .expired: throw ChatError(.tokenExpired, "this URL has expired; ask for the upload again")
            case .valid(let seconds): validFor = seconds
            }
            guard let upload = try await store.find(id, viewer: nil) else { throw ChatError.notFound("upload") }
            guard !upload.gone else { throw Self.gone }
            found = upload
        }
        return try await open(found, variant, validFor: validFor)
    }

    public enum Variant: Sendable, Equatable {
        case file
        case thumbnail(String)
    }

    private func open(_ found: UploadStore.Found, _ variant: Variant, validFor: Int?) async throws -> Opened {
        guard let address = BlobID(hex: found.upload.sha256) else { throw ChatError.notFound("upload") }
        switch variant {
        case .file:
            let reader = try await storing {
                try await storage.blobs.open(address, found.ownerOnly ? .ownerOnly : .served)
            }
            return Opened(
                upload: found.upload, reader: reader, type: found.upload.type, etag: found.servedSHA256,
                validFor: validFor)
        case .thumbnail(let name):
            guard found.upload.thumbnails.contains(where: { $0.size == name }), let size = ThumbnailSize(rawValue: name)
            else { throw ChatError.notFound("thumbnail") }
            let reader = try await storing { try await storage.blobs.open(address, .thumbnail(size)) }
            return Opened(
                upload: found.upload, reader: reader, type: "image/webp", etag: "\(found.upload.sha256)-\(name)",
                validFor: validFor)
        }
    }

    private func visible(_ id: UploadID, to user: UserID) async throws -> UploadStore.Found {
        guard let found = try await store.find(id, viewer: user) else { throw ChatError.notFound("upload") }
        if found.gone, found.visible { throw Self.gone }
        guard found.visible, !found.ownerOnly || found.upload.ownerId == user else { throw ChatError.notFound("upload") }
        return found
    }

    // MARK: Deleting

    public func delete(_ id: UploadID, by user: UserID) async throws {
        let found = try await visible(id, to: user)
        guard found.upload.ownerId == user else {
            throw ChatError(.forbidden, "only its owner may delete an upload")
        }
        guard let address = BlobID(hex: found.upload.sha256) else { throw ChatError.notFound("upload") }
        try await contents.withLock(address) {
            switch try await store.delete(id, owner: user) {
            case .notFound: throw ChatError.notFound("upload")
            case .attached: throw ChatError(.conflict, "a message or a profile carries this upload")
            case .deleted(unreferenced: nil): return
            case .deleted: try await storing { try await storage.blobs.delete(address) }
            }
        }
    }

    /// Deletes the content of a removed upload from the disk, unless another upload that has not been removed shares it.
    /// Doing so again changes nothing.
    func dropContent(ofRemoved id: UploadID) async throws {
        guard let address = try await store.contentOfRemoved(id).flatMap({ BlobID(hex: $0) }) else { return }
        try await contents.withLock(address) {
            guard try await store.deleteUnreferenced(address.hex) else { return }
            try await storing { try await storage.blobs.delete(address) }
        }
    }

    // MARK: Errors

    private static let gone = ChatError(.gone, "this file was removed")

    /// Of one file, in bytes; and of all files of one form together.
    public var maximumBytes: Int { storage.maximumBytes }

    public var tooLarge: ChatError {
        ChatError(.tooLarge, "file: at most \(storage.maximumBytes) bytes", field: "file")
    }

    private var quotaExceeded: ChatError {
        ChatError(.quotaExceeded, "your uploads may take \(storage.quotaBytes) bytes together")
    }

    /// Runs what may fail on the disk or in a worker, and says it in the domain's words.
    private func storing<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as MediaError {
            switch error.code {
            case .tooLarge: throw tooLarge
            case .storageFull: throw ChatError(.storageFull, "the server has no room left for files")
            case .busy, .unavailable, .inUse: throw ChatError.unavailable
            default:
                logger.error("a file could not be stored or read", metadata: ["error": "\(error)"])
                throw ChatError(.internal, "something went wrong on the server")
            }
        }
    }
}

/// How many uploads are under way: in all, so that disk and descriptors last, and of one user, so that nobody takes the
/// others' share.
private final class InProgress: Sendable {
    private static let maximum = 256
    private static let maximumEach = 16

    private let counts = Mutex<(total: Int, each: [UserID: Int])>((0, [:]))

    func enter(_ user: UserID) throws(ChatError) {
        let refusal = counts.withLock { counts -> ChatError? in
            if counts.each[user, default: 0] >= Self.maximumEach {
                return ChatError(.rateLimited, "at most \(Self.maximumEach) uploads at a time", retryAfter: 1)
            }
            if counts.total >= Self.maximum { return ChatError.unavailable }
            counts.total += 1
            counts.each[user, default: 0] += 1
            return nil
        }
        if let refusal { throw refusal }
    }

    func leave(_ user: UserID) {
        counts.withLock { counts in
            counts.total -= 1
            counts.each[user] = counts.each[user].flatMap { $0 > 1 ? $0 - 1 : nil }
        }
    }
}

extension Blob {
    init(_ file: ReceivedFile, _ media: ProcessedMedia) {
        self.init(
            sha256: file.sha256.hex, size: file.size, type: media.type,
            kind: Upload.Kind(rawValue: media.kind.rawValue) ?? .file,
            servedSize: media.cleaned?.size ?? file.size, servedSHA256: (media.cleaned?.sha256 ?? file.sha256).hex,
            ownerOnly: media.audience == .ownerOnly, width: media.width, height: media.height,
            duration: media.duration, blurhash: media.blurhash,
            thumbnails: media.thumbnails.map { .init(size: $0.size.rawValue, width: $0.width, height: $0.height) })
    }
}
