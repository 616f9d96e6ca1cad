internal import Crypto
public import Foundation
internal import Glibc
internal import NIOConcurrencyHelpers
public import NIOPosix

/// The files of uploads, each kept once under the SHA-256 of the bytes that were received.
///
/// `<directory>/ab/cd/<sha256>` is what is served, with its thumbnails beside it; `<directory>/tmp/<name>` is what is
/// still being received or processed. Everything that blocks runs on `threads`.
public final class BlobStore: Sendable {
    public let directory: String
    let threads: NIOThreadPool
    /// The directories, by the digits of their addresses, whose entries in their parents are known to be on disk. That
    /// one exists does not say so: another upload may have made it this moment.
    private let durableShards = NIOLockedValueBox<Set<String>>([])

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
    /// bring the same files, and each replaces the other's whole. The temporaries are gone when it returns.
    public func commit(_ file: ReceivedFile, _ media: ProcessedMedia) async throws {
        try await blocking { [self] in
            let shard = shardPath(of: file.sha256)
            try makeShard(of: file.sha256)
            for thumbnail in media.thumbnails {
                let variant = BlobVariant.thumbnail(thumbnail.size)
                try moveDurably(temporaryPath(file.name, variant.suffix), to: path(of: file.sha256, variant))
            }
            let source = media.cleaned == nil ? file.path : temporaryPath(file.name, Self.cleanedSuffix)
            try moveDurably(source, to: path(of: file.sha256, media.audience == .everyone ? .served : .ownerOnly))
            try syncDirectory(shard)
            try syncParents(of: file.sha256)
            if MediaType(mime: file.type).isForWorkers { removeTemporaries(file.name) }
        }
    }

    /// Removes an upload that will not be kept: what was received and what was made from it.
    public func discard(_ name: UUID) async throws {
        try await blocking { [self] in removeTemporaries(name) }
    }

    /// Removes every file of an address. Nothing happens where there is none.
    public func delete(_ id: BlobID) async throws {
        try await blocking { [self] in
            for variant in BlobVariant.all where unlink(path(of: id, variant)) != 0 && errno != ENOENT {
                throw MediaError(errno: errno, "unlink \(path(of: id, variant))")
            }
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
    private static let temporarySuffixes = ["", cleanedSuffix, ".poster", ".encoded"] + BlobVariant.all.map(\.suffix)

    func temporaryPath(_ name: UUID, _ suffix: String = "") -> String {
        "\(directory)/tmp/\(name.uuidString.lowercased())\(suffix)"
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
                durableShards.withLockedValue { _ = $0.remove(String(id.hex.prefix(digits))) }
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
            if durableShards.withLockedValue({ $0.contains(shard) }) { continue }
            try syncDirectory(parent)
            durableShards.withLockedValue { _ = $0.insert(shard) }
        }
    }

    private func moveDurably(_ source: String, to destination: String) throws {
        try OpenFile(source, O_RDONLY).sync()
        if rename(source, destination) != 0 { throw MediaError(errno: errno, "rename \(source)") }
    }

    private func syncDirectory(_ path: String) throws { try OpenFile(path, O_RDONLY | O_DIRECTORY).sync() }

    private func removeTemporaries(_ name: UUID) {
        for suffix in Self.temporarySuffixes { unlink(temporaryPath(name, suffix)) }
    }
}
