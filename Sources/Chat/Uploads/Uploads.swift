public import ChatModel
import ChatStore
import Foundation
import Logging
import Media
public import NIOCore

/// Receives, keeps and deletes files. `Uploads+Showing` opens them.
public struct Uploads: Sendable {
    let store: UploadStore
    let unfinished: PartialUploadStore
    /// Used for URLs, which many people open at once.
    let lookup: UploadLookup
    let links: UploadLinks
    let storage: Storage
    let logger: Logger

    /// Held while the rows and files of one content change, so that the last reference is not deleted while a new one is
    /// made.
    let contents = KeyedLock<BlobID>()
    let underWay = UploadsUnderWay()
    let checksums = ContentChecksums()
    let copies = PictureCopies()
    let dropped: DroppedObjects

    let receivedBytes = Counter()

    init(
        store: UploadStore, unfinished: PartialUploadStore, dropped: DroppedObjectStore, jobs: Jobs,
        lookup: UploadLookup, links: UploadLinks, storage: Storage, logger: Logger
    ) {
        self.store = store
        self.dropped = DroppedObjects(
            store: dropped, jobs: jobs, objects: storage.contents.objects, logger: logger)
        self.unfinished = unfinished
        self.lookup = lookup
        self.links = links
        self.storage = storage
        self.logger = logger
    }

    // MARK: Receiving

    /// Begins to receive a file.
    /// - Parameters:
    ///   - length: The size in bytes, if the sender says it. A file that is too large is refused before it is read.
    ///   - bound: The largest possible size, if only that is known.
    /// - Throws: `too_large`, `quota_exceeded`, `rate_limited` when the sender has too many uploads under way,
    ///   `unavailable` when all users together have, `storage_full`.
    public func begin(_ name: String, length: Int?, bound: Int? = nil, uploader: Uploader) async throws
        -> IncomingUpload
    {
        let wanted = min(length ?? bound ?? storage.maxBytes, storage.maxBytes)
        let place = try await reserve(uploader, length: length, upTo: wanted)
        let id = UploadID.make()
        return IncomingUpload(
            id: id, owner: uploader.user, name: FileName.cleaned(name),
            writer: storage.blobs.makeWriter(id.uuid, maxBytes: place.bytes, announced: length), place: place,
            isLimitedByQuota: place.bytes < wanted)
    }

    /// Takes a place for an upload of exactly this many bytes, or of as many as it may have.
    func reserve(_ uploader: Uploader, length: Int?) async throws -> UploadsUnderWay.Place {
        try await reserve(uploader, length: length, upTo: length ?? storage.maxBytes)
    }

    /// Takes a place with as many bytes as the quota has left. The database is only asked when the user is near the quota.
    /// Then unfinished uploads for which nothing came for an hour give way.
    ///
    /// Places are counted before rows: an upload that ends in between is counted twice, but never missed.
    private func reserve(_ uploader: Uploader, length: Int?, upTo wanted: Int) async throws -> UploadsUnderWay.Place {
        if let length, length > storage.maxBytes { throw tooLarge }
        var place = try underWay.enter(uploader, bytes: wanted)
        if let kept = place.keptAtMost, kept + place.others + wanted <= storage.quotaBytes { return place }
        do {
            var kept = try await store.usage(of: uploader.user)
            let missing = place.others + kept + wanted - storage.quotaBytes
            if missing > 0 {
                let needed = length == nil ? missing - wanted + 1 : missing
                kept -= try await unfinished.giveWay(uploader.user, wanted: missing, needed: needed)
            }
            underWay.remember(kept, for: place)
            let left = storage.quotaBytes - place.others - kept
            if left <= 0 || length.map({ $0 > left }) == true { throw quotaExceeded }
            underWay.shrink(&place, to: min(wanted, left))
            return place
        } catch {
            underWay.leave(place)
            throw error
        }
    }

    public func append(_ buffer: ByteBuffer, to incoming: IncomingUpload) async throws {
        do {
            try await storing { try await incoming.writer.write(buffer) }
        } catch let error as ChatError where error.code == .tooLarge && incoming.isLimitedByQuota {
            throw quotaExceeded
        }
    }

    /// Gives up a file and removes what came of it.
    public func abandon(_ incoming: IncomingUpload) async {
        await incoming.writer.abort()
        underWay.leave(incoming.place)
    }

    /// Processes and stores a received file. The reception ends whatever the outcome.
    /// - Throws: `validation_failed` for an empty file, `unavailable` when too many files wait for processing,
    ///   `storage_full`.
    public func finish(_ incoming: IncomingUpload) async throws -> Upload {
        let file: ReceivedFile
        do {
            guard await !incoming.isEmpty else { throw ChatError.invalid("file", "is empty") }
            file = try await storing { try await incoming.writer.finish() }
        } catch {
            await abandon(incoming)
            throw error
        }
        // If the outcome is unknown, there may be a row. Counting one too many does no harm.
        defer { underWay.leave(incoming.place, keeping: file.size) }
        do {
            return try await keep(file, as: incoming.id, name: incoming.name, owner: incoming.owner)
        } catch {
            try? await storage.blobs.discard(file)
            throw error
        }
    }

    /// Processes a received file and stores its row.
    ///
    /// A file that its owner has already is recognized at once. A file that somebody else has takes the same work as a new
    /// one; then the result is thrown away and the stored files are used. So nobody learns from the time what others keep
    /// here.
    ///
    /// - Parameter isRepeatable: Whether it is an unfinished upload. The received bytes then stay until there is a row, so that
    ///   a failure can be repeated.
    /// - Throws: `upload_offset_mismatch` if another request has finished the upload meanwhile.
    func keep(
        _ file: ReceivedFile, as id: UploadID, name: String, owner: UserID, isRepeatable: Bool = false
    ) async throws -> Upload {
        receivedBytes.add(file.size)
        try await scan(file)
        let stored = try await store.storedFiles(of: file.sha256.hex, for: owner)
        if let stored, stored.isOwn,
            let upload = try await contents.withLock(
                file.sha256,
                { try await known(file, stored, as: id, name: name, owner: owner, finishing: isRepeatable) })
        {
            try? await storage.blobs.discard(file)
            return upload
        }
        let media = try await storing { try await storage.workers.process(file, of: owner.uuid) }
        if let objects = storage.contents.objects {
            let upload = try await keep(
                Processed(file: file, media: media, stored: stored), in: objects, as: id, name: name, owner: owner,
                finishing: isRepeatable)
            try? await storage.blobs.discard(file)
            return upload
        }
        let (new, isKnown) = try await contents.withLock(file.sha256) {
            if let stored,
                let upload = try await known(
                    file, stored, as: id, name: name, owner: owner, finishing: isRepeatable)
            {
                try await storing { try await storage.blobs.rehearseCommit(file, media) }
                return (upload, true)
            }
            return (
                try await commit(file, media, as: id, name: name, owner: owner, isRepeatable: isRepeatable), false
            )
        }
        if isKnown || isRepeatable || file.isForWorkers { try? await storage.blobs.discard(file) }
        return new
    }

    private func commit(
        _ file: ReceivedFile, _ media: ProcessedMedia, as id: UploadID, name: String, owner: UserID, isRepeatable: Bool
    ) async throws -> Upload {
        let isFirst = try await storing {
            try await storage.blobs.commit(file, media, keepsReceived: isRepeatable)
        }
        do {
            let upload = try await insertOrPlainly(Blob(file, media)) { blob in
                try await store.insert(id, owner: owner, name: name, blob: blob, finishing: isRepeatable)
            }
            // The file that only its owner could get before.
            if file.isStored, media.audience == .everyone { try? await storage.blobs.delete(file.sha256, .ownerOnly) }
            if !isFirst { lookup.forget() }
            return upload
        } catch {
            // If the row may exist after all, the files stay. `parley verify` finds files without a row.
            if isFirst, DatabaseFailure.provesNoEffect(error) {
                try? await storage.blobs.delete(file.sha256)
            }
            throw error
        }
    }

    /// What the database refuses, it would refuse again: a resumable upload would be processed with every request. So the file
    /// is then a plain one.
    func insertOrPlainly(_ blob: Blob, _ insert: (Blob) async throws -> Upload) async throws -> Upload {
        do {
            return try await insert(blob)
        } catch  where DatabaseFailure.isStatementRefused(error) {
            logger.error("the facts of a file were refused", metadata: ["error": "\(error)", "type": "\(blob.type)"])
            return try await insert(blob.unmeasured)
        }
    }

    /// Stores another upload of a content that existed a moment ago. Nil when it is gone meanwhile, or a stored file is
    /// damaged; then this upload's files take its place.
    private func known(
        _ file: ReceivedFile, _ stored: UploadStore.StoredFiles, as id: UploadID, name: String, owner: UserID,
        finishing isFinishing: Bool
    ) async throws -> Upload? {
        guard try await storing({ try await isWhole(file.sha256, stored) }) else { return nil }
        return try await store.insert(
            id, owner: owner, name: name, contentOf: file.sha256.hex, finishing: isFinishing)
    }

    func isWhole(_ address: BlobID, _ stored: UploadStore.StoredFiles) async throws -> Bool {
        guard let place = ContentPlace(address, key: stored.objectKey),
            try await storage.contents.size(of: place, .served) == stored.servedSize
        else { return false }
        // Objects are whole or not there, and those of a content come and go together.
        guard place.key == nil else { return true }
        for thumbnail in stored.thumbnails.compactMap(ThumbnailSize.init) {
            guard try await storage.blobs.size(of: address, .thumbnail(thumbnail)) ?? 0 > 0 else { return false }
        }
        return true
    }

    /// - Throws: `validation_failed` for an infected file. If a verdict is required, also `validation_failed` for a file
    ///   that is too large for the scanner, and `unavailable` if the scanner does not answer.
    private func scan(_ file: ReceivedFile) async throws {
        guard let scanner = storage.scanner else { return }
        do {
            guard case .infected(let finding) = try await scanner.clamd.scan(path: file.path) else { return }
            logger.notice(
                "the virus scanner refused an upload", metadata: ["found": "\(finding)", "sha256": "\(file.sha256)"])
        } catch {
            logger.warning("the virus scanner gave no verdict", metadata: ["error": "\(error)"])
            guard !scanner.isOptional else { return }
            guard error as? ScanError == .tooLarge else { throw ChatError.unavailable }
            throw ChatError.invalid("file", "larger than the virus scanner takes")
        }
        throw ChatError.invalid("file", "refused by the virus scanner")
    }

    // MARK: Deleting

    public func delete(_ id: UploadID, by user: UserID) async throws {
        let found = try await visible(id, to: user)
        guard found.upload.ownerId == user else {
            throw ChatError(.forbidden, "only its owner may delete an upload")
        }
        guard let address = BlobID(hex: found.upload.sha256) else { throw ChatError.notFound("upload") }
        try await withContent(address) {
            switch try await store.delete(id, owner: user) {
            case .notFound: throw ChatError.notFound("upload")
            case .attached: throw ChatError(.conflict, "a message or a profile carries this upload")
            case .deleted(let unreferenced): return unreferenced
            }
        }
    }

    /// Deletes the content of a removed upload from the disk, unless another upload shares it. May be repeated.
    func dropContent(ofRemoved id: UploadID) async throws {
        guard let address = try await store.contentOfRemoved(id).flatMap({ BlobID(hex: $0) }) else { return }
        try await withContent(address) { try await store.deleteUnreferenced(address.hex) }
    }

    /// Runs `body` while nobody else adds or removes a reference to the content. If `body` returns that it removed the last
    /// one, the files are deleted. A failure of the disk is only logged, because nobody can open the files any more.
    func withContent(_ address: BlobID, _ body: @Sendable () async throws -> Bool) async throws {
        try await contents.withLock(address) {
            let wasLast = try await body()
            lookup.forget()
            guard wasLast else { return }
            dropped.look()
            do {
                // Stored again meanwhile by another server, its files may have come to the disk.
                if storage.contents.objects != nil, try await store.isOnDisk(address.hex) { return }
                try await storage.blobs.delete(address)
            } catch {
                logger.error(
                    "a file nobody refers to could not be deleted; `parley verify --repair` does",
                    metadata: ["error": "\(error)"])
            }
        }
    }

    // MARK: Errors

    /// The limit in bytes of one file, and of all files of one form together.
    public var maxBytes: Int { storage.maxBytes }

    public var tooLarge: ChatError {
        ChatError(.tooLarge, "file: at most \(storage.maxBytes) bytes", field: "file")
    }

    private static let storeIsAway = ChatError(
        .unavailable, "the server cannot reach its files right now; try again", retryAfter: 5)

    var quotaExceeded: ChatError {
        ChatError(.quotaExceeded, "your uploads may take \(storage.quotaBytes) bytes together")
    }

    /// Runs work that may fail on the disk or in a worker, and translates its errors.
    func storing<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let error as MediaError {
            switch error.code {
            case .tooLarge: throw tooLarge
            case .storageFull: throw ChatError(.storageFull, "the server has no room left for files")
            case .busy, .inUse: throw ChatError.unavailable
            // It has been said in the log.
            case .away, .refused: throw Self.storeIsAway
            case .offsetMismatch: throw ChatError(.uploadOffsetMismatch, "another request has written to this upload")
            case .unavailable:
                logger.error("a file cannot be stored or read now", metadata: ["error": "\(error)"])
                throw ChatError.unavailable
            default:
                logger.error("a file could not be stored or read", metadata: ["error": "\(error)"])
                throw ChatError(.internal, "something went wrong on the server")
            }
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
            duration: media.duration, blurhash: media.blurhash, waveform: media.waveform,
            thumbnails: media.thumbnails.map { .init(size: $0.size.rawValue, width: $0.width, height: $0.height) },
            isCleaned: media.isCleaned, charset: file.charset)
    }
}
