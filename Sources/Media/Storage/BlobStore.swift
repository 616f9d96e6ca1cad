internal import CFiles
internal import Crypto
public import Foundation
internal import Glibc
public import NIOPosix
internal import Synchronization

/// The files of uploads, each kept once under the SHA-256 of the bytes that were received.
///
/// `<directory>/ab/cd/<sha256>` is what is served, with its thumbnails beside it; `<directory>/tmp/<name>` is what is
/// still being received or processed. Everything that blocks runs on `threads`.
public final class BlobStore: Sendable {
    public let directory: String
    let threads: NIOThreadPool
    /// The directories, by the digits of their addresses, whose entries in their parents are known to be on disk. That
    /// one exists does not say so: another upload may have made it this moment.
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

    /// Opens a stored file. `notFound` when there is none.
    public func open(_ id: BlobID, _ variant: BlobVariant = .served) async throws -> BlobReader {
        let path = path(of: id, variant)
        if let file = OpenFile(cached: path) { return try BlobReader(file: file, threads: threads) }
        return try await blocking { try BlobReader(file: OpenFile(path, O_RDONLY), threads: self.threads) }
    }

    /// Moves a processed upload to its address and makes it durable. Several of the same content may do so at once: they
    /// bring the same files, and each replaces the other's whole. What is left of the temporaries is for `discard`.
    ///
    /// - Parameter keepsReceived: whether the received bytes stay in their temporary place as well, so that everything
    ///   can be done again if something fails after this.
    /// - Returns: whether there was no file of this content before.
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

    /// Does for the disk what `commit` does for a content that is new, and keeps nothing: how long an upload takes does
    /// not tell whether somebody else has sent the same.
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

    /// Where there is nothing else, a new content's directory would have been new.
    private func forgetShards(holdingOnly id: BlobID) throws {
        guard try names(in: shardPath(of: id)).allSatisfy({ $0.hasPrefix(id.hex) }) else { return }
        durableShards.withLock { _ = $0.remove(String(id.hex.prefix(4))) }
        guard try names(in: firstShardPath(of: id)).count == 1 else { return }
        durableShards.withLock { _ = $0.remove(String(id.hex.prefix(2))) }
    }

    /// The size of a stored file in bytes; nil where there is none.
    public func size(of id: BlobID, _ variant: BlobVariant = .served) async throws -> Int? {
        try await blocking { [self] in status(of: path(of: id, variant))?.size }
    }

    /// Whether there is a file of this content now.
    func holds(_ id: BlobID) -> Bool {
        [.served, .ownerOnly].contains { access(path(of: id, $0), F_OK) == 0 }
    }

    /// Removes what was received and what was made from it, where it is an upload that will not be kept or one whose
    /// files are all at their address.
    public func discard(_ file: ReceivedFile) async throws { try await discard(file.name, file.file) }

    /// The same for one that nothing has open.
    public func discard(_ name: UUID) async throws { try await discard(name, nil) }

    /// Closes `file`, too: with that its bytes are deleted, which nobody should wait for whose thread may not block.
    func discard(_ name: UUID, _ file: OpenFile?) async throws {
        try await blocking { [self] in
            removeTemporaries(name)
            file?.close()
        }
    }

    /// Removes every file of an address, or the named one. Nothing happens where there is none.
    public func delete(_ id: BlobID, _ variant: BlobVariant? = nil) async throws {
        try await blocking { [self] in
            for variant in variant.map({ [$0] }) ?? BlobVariant.all
            where unlink(path(of: id, variant)) != 0 && errno != ENOENT {
                throw MediaError(errno: errno, "unlink \(path(of: id, variant))")
            }
        }
    }

    /// What uploads leave free of their disk, in bytes, for the database and whoever else writes there; of a small disk a
    /// twentieth.
    private static let keptFree = 256 << 20

    /// - Throws: `storageFull` unless there is room for that many bytes.
    func checkRoom(for bytes: Int) throws {
        var disk = statvfs()
        // Where the disk does not say, writing tells.
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

    /// Opens what is being received. `notFound` is about one upload: where all are away, so is the disk, and that may come
    /// back.
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

    /// Makes `ab` and `ab/cd` where they are missing. They are durable after `syncParents`.
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

    /// Makes the entries of `ab` and `ab/cd` durable, unless they are known to be. After everything else: the journal of
    /// the file system then has them on disk already, with what was synced before, and this costs next to nothing.
    private func syncParents(of id: BlobID) throws {
        for (digits, parent) in [(4, firstShardPath(of: id)), (2, directory)] {
            let shard = String(id.hex.prefix(digits))
            if durableShards.withLock({ $0.contains(shard) }) { continue }
            try syncDirectory(parent)
            durableShards.withLock { _ = $0.insert(shard) }
        }
    }

    /// Moves a file to its address, and its bytes to the disk; the directory that names it is synced afterwards.
    ///
    /// Where the address is free, the file is moved first: a journal then takes bytes and name in one go. Where rows may
    /// refer to a file already, nothing takes its place that is not on disk.
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

    /// Another path of the received bytes; on a file system without hard links the one they have.
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

    /// How often stored files and their directories were brought to the disk.
    var syncs: Int { syncCount.withLock { $0 } }

    private func removeTemporaries(_ name: UUID) {
        for suffix in Self.temporarySuffixes { unlink(temporaryPath(name, suffix)) }
    }
}
