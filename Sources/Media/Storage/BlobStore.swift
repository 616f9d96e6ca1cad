internal import CFiles
public import Foundation
internal import Glibc
public import NIOPosix
internal import Synchronization

/// The files of uploads. Each is stored once, under the SHA-256 of the received bytes.
///
/// `<directory>/ab/cd/<sha256>` is the served file, with its thumbnails beside it. `<directory>/tmp/<name>` is a file
/// that is being received or processed. Blocking calls run on `threads`.
public final class BlobStore: Sendable {
    public let directory: String
    let threads: NIOThreadPool
    /// The directories whose entries in their parents are known to be on disk, by the digits of their addresses.
    /// Existence is not enough, because another upload may just have made a directory.
    private let durableShards = Mutex<Set<String>>([])
    private let syncCount = Mutex(0)

    /// Makes the directories. `threads` is the caller's to start and to shut down.
    public init(directory: String, threads: NIOThreadPool) throws {
        self.directory = directory
        self.threads = threads
        try FileManager.default.createDirectory(
            atPath: "\(directory)/tmp", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    }

    public func path(of id: BlobID, _ variant: BlobVariant = .served) -> String {
        "\(shardPath(of: id))/\(id.hex)\(variant.suffix)"
    }

    /// Opens a stored file, or throws `notFound`.
    public func open(_ id: BlobID, _ variant: BlobVariant = .served) async throws -> BlobReader {
        let path = path(of: id, variant)
        if let file = OpenFile(cached: path) { return try BlobReader(file: file, threads: threads) }
        return try await blocking { try BlobReader(file: OpenFile(path, O_RDONLY), threads: self.threads) }
    }

    /// Moves a processed upload to its address and makes it durable. Uploads of the same content can do so at the same
    /// time: they have the same files and replace each other's. `discard` removes the remaining temporary files.
    ///
    /// - Parameter keepsReceived: Whether the received bytes also stay in their temporary file, so the upload can be
    ///   repeated after a later failure.
    /// - Returns: Whether the content is new.
    @discardableResult
    public func commit(
        _ file: ReceivedFile, _ media: ProcessedMedia, keepsReceived: Bool = false
    ) async throws -> Bool {
        try await blocking { [self] in
            let isFirst = !holds(file.sha256)
            do {
                try move(file, media, keepsReceived: keepsReceived)
            } catch {
                if isFirst { for variant in BlobVariant.all { unlink(path(of: file.sha256, variant)) } }
                throw error
            }
            return isFirst
        }
    }

    private func move(_ file: ReceivedFile, _ media: ProcessedMedia, keepsReceived: Bool) throws {
        let id = file.sha256
        try makeShard(of: id)
        for variant in media.thumbnails.map({ BlobVariant.thumbnail($0.size) }) {
            try moveDurably(temporaryPath(file.name, variant.suffix), to: path(of: id, variant))
        }
        let address = path(of: id, media.audience == .everyone ? .served : .ownerOnly)
        if media.cleaned != nil {
            try moveDurably(temporaryPath(file.name, Self.cleanedSuffix), to: address)
        } else {
            try moveDurably(keepsReceived ? secondName(of: file) : file.path, file.file, to: address)
        }
        try syncDirectory(shardPath(of: id))
        try syncParents(of: id)
    }

    /// Moves a file from elsewhere to an address of a content, and makes it durable. `discard` removes what is left of it.
    public func adopt(_ file: ReceivedFile, as variant: BlobVariant, of id: BlobID) async throws {
        try await blocking { [self] in
            try makeShard(of: id)
            try moveDurably(file.path, file.file, to: path(of: id, variant))
            try syncDirectory(shardPath(of: id))
            try syncParents(of: id)
        }
    }

    /// Does the same disk work as `commit` for new content, and keeps nothing. So the time of an upload does not reveal
    /// whether the content was already stored.
    public func rehearseCommit(_ file: ReceivedFile, _ media: ProcessedMedia) async throws {
        try await blocking { [self] in
            for thumbnail in media.thumbnails {
                try sync(OpenFile(temporaryPath(file.name, BlobVariant.thumbnail(thumbnail.size).suffix), O_RDONLY))
            }
            let isCleaned = media.cleaned != nil
            try sync(isCleaned ? OpenFile(temporaryPath(file.name, Self.cleanedSuffix), O_RDONLY) : file.file)
            try syncDirectory(shardPath(of: file.sha256))
            try forgetShards(holdingOnly: file.sha256)
            try syncParents(of: file.sha256)
        }
    }

    /// In an empty store, new content would have needed a new directory.
    private func forgetShards(holdingOnly id: BlobID) throws {
        guard try names(in: shardPath(of: id)).allSatisfy({ $0.hasPrefix(id.hex) }) else { return }
        durableShards.withLock { _ = $0.remove(String(id.hex.prefix(4))) }
        guard try names(in: firstShardPath(of: id)).count == 1 else { return }
        durableShards.withLock { _ = $0.remove(String(id.hex.prefix(2))) }
    }

    /// The size of a stored file in bytes, or nil if there is none.
    public func size(of id: BlobID, _ variant: BlobVariant = .served) async throws -> Int? {
        try await blocking { [self] in status(of: path(of: id, variant))?.size }
    }

    /// Whether there is a file of this content now.
    func holds(_ id: BlobID) -> Bool {
        [.served, .ownerOnly].contains { access(path(of: id, $0), F_OK) == 0 }
    }

    /// Removes the temporary files of an upload that is not kept, or whose files have all been moved to their address.
    public func discard(_ file: ReceivedFile) async throws { try await discard(file.name, file.file) }

    /// The same for an upload that nothing has open.
    public func discard(_ name: UUID) async throws { try await discard(name, nil) }

    /// Also closes `file`, which deletes its bytes. That takes time, so it must not happen on a thread that may not
    /// block.
    func discard(_ name: UUID, _ file: OpenFile?) async throws {
        try await blocking { [self] in
            removeTemporaries(name)
            file?.close()
        }
    }

    /// Removes every file of an address, or the named one, if it exists.
    public func delete(_ id: BlobID, _ variant: BlobVariant? = nil) async throws {
        try await blocking { [self] in
            for variant in variant.map({ [$0] }) ?? BlobVariant.all
            where unlink(path(of: id, variant)) != 0 && errno != ENOENT {
                throw MediaError(errno: errno, "unlink \(path(of: id, variant))")
            }
        }
    }

    /// The bytes that uploads leave free on their disk for the database and others. On a small disk it is a twentieth.
    private static let keptFree = 256 << 20

    /// - Throws: `storageFull` if there is not enough space for that many bytes.
    func checkRoom(for bytes: Int) throws {
        var disk = statvfs()
        // If the disk does not tell, writing will.
        guard statvfs(directory, &disk) == 0 else { return }
        let block = Int(disk.f_frsize)
        let kept = min(Self.keptFree, Int(disk.f_blocks) * block / 20)
        guard Int(disk.f_bavail) * block - bytes >= kept else {
            throw MediaError(.storageFull, "\(directory): less than \(kept) bytes would be left")
        }
    }

    func blocking<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
        do {
            return try await threads.runIfActive(body)
        } catch is CancellationError where !Task.isCancelled {
            throw MediaError(.unavailable, "the storage is shut down")
        }
    }

    // MARK: - Paths

    static let cleanedSuffix = ".cleaned"
    private static let linkSuffix = ".link"
    private static let temporarySuffixes =
        ["", cleanedSuffix, linkSuffix, ".poster", ".encoded", ".decodable"] + BlobVariant.all.map(\.suffix)

    func temporaryPath(_ name: UUID, _ suffix: String = "") -> String {
        "\(directory)/tmp/\(name.uuidString.lowercased())\(suffix)"
    }

    /// Opens a file that is being received. `notFound` means one missing file. If the whole directory is missing, the
    /// disk is unavailable and may come back.
    func openTemporary(_ name: UUID, _ flags: Int32) throws -> OpenFile {
        do {
            return try OpenFile(temporaryPath(name), flags)
        } catch let error as MediaError where error.code == .notFound && access("\(directory)/tmp", F_OK) != 0 {
            throw MediaError(.unavailable, "\(directory)/tmp is gone")
        }
    }

    private func shardPath(of id: BlobID) -> String {
        "\(firstShardPath(of: id))/\(id.hex.dropFirst(2).prefix(2))"
    }

    private func firstShardPath(of id: BlobID) -> String { "\(directory)/\(id.hex.prefix(2))" }

    /// Makes `ab` and `ab/cd` if missing. They are durable after `syncParents`.
    private func makeShard(of id: BlobID) throws {
        let path = shardPath(of: id)
        if access(path, F_OK) == 0 { return }
        for (digits, path) in [(2, firstShardPath(of: id)), (4, path)] {
            if mkdir(path, 0o700) == 0 {
                durableShards.withLock { _ = $0.remove(String(id.hex.prefix(digits))) }
            } else if errno != EEXIST {
                throw MediaError(errno: errno, "mkdir \(path)")
            }
        }
    }

    /// Makes the entries of `ab` and `ab/cd` durable, unless they are known to be. Call it last: the file system's
    /// journal has then already written them with the earlier syncs, and this costs almost nothing.
    private func syncParents(of id: BlobID) throws {
        for (digits, parent) in [(4, firstShardPath(of: id)), (2, directory)] {
            let shard = String(id.hex.prefix(digits))
            if durableShards.withLock({ $0.contains(shard) }) { continue }
            try syncDirectory(parent)
            durableShards.withLock { _ = $0.insert(shard) }
        }
    }

    /// Moves a file to its address and syncs its bytes. Its directory is synced afterwards.
    ///
    /// If the address is free, the file is moved first, so the journal writes bytes and name at once. If rows may
    /// already refer to a file there, only synced bytes may replace it.
    private func moveDurably(_ path: String, _ file: OpenFile? = nil, to address: String) throws {
        let file = try file ?? OpenFile(path, O_RDONLY)
        guard cfiles_rename_new(path, address) == 0 else {
            guard [EEXIST, EINVAL, ENOSYS].contains(errno) else { throw MediaError(errno: errno, "rename \(path)") }
            try sync(file)
            if rename(path, address) != 0 { throw MediaError(errno: errno, "rename \(path)") }
            return
        }
        do {
            try sync(file)
        } catch {
            unlink(address)
            throw error
        }
    }

    /// A second path of the received bytes. Without hard links it is the same path.
    private func secondName(of file: ReceivedFile) throws -> String {
        let path = temporaryPath(file.name, Self.linkSuffix)
        if link(file.path, path) == 0 || errno == EEXIST { return path }
        if [EPERM, EOPNOTSUPP, ENOSYS].contains(errno) { return file.path }
        throw MediaError(errno: errno, "link \(path)")
    }

    private func syncDirectory(_ path: String) throws { try sync(OpenFile(path, O_RDONLY | O_DIRECTORY)) }

    private func sync(_ file: OpenFile) throws {
        syncCount.withLock { $0 += 1 }
        try file.sync()
    }

    /// The number of syncs of stored files and their directories.
    var syncs: Int { syncCount.withLock { $0 } }

    private func removeTemporaries(_ name: UUID) {
        for suffix in Self.temporarySuffixes { unlink(temporaryPath(name, suffix)) }
    }
}
