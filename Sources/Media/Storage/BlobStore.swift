internal import Crypto
public import Foundation
internal import Glibc
public import NIOPosix

/// The files of uploads, each kept once under the SHA-256 of the bytes that were received.
///
/// `<directory>/ab/cd/<sha256>` is what is served, with its thumbnails beside it; `<directory>/tmp/<name>` is what is
/// still being received or processed. Everything that blocks runs on `threads`.
public final class BlobStore: Sendable {
    public let directory: String
    let threads: NIOThreadPool

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
            try makeShard(shard)
            for thumbnail in media.thumbnails {
                let variant = BlobVariant.thumbnail(thumbnail.size)
                try moveDurably(temporaryPath(file.name, variant.suffix), to: path(of: file.sha256, variant))
            }
            let source = media.cleaned == nil ? file.path : temporaryPath(file.name, Self.cleanedSuffix)
            try moveDurably(source, to: path(of: file.sha256, media.audience == .everyone ? .served : .ownerOnly))
            try syncDirectory(shard)
            removeTemporaries(file.name)
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
        "\(directory)/\(id.hex.prefix(2))/\(id.hex.dropFirst(2).prefix(2))"
    }

    private func makeShard(_ path: String) throws {
        if access(path, F_OK) == 0 { return }
        let parent = (path as NSString).deletingLastPathComponent
        for directory in [parent, path] where mkdir(directory, 0o700) != 0 && errno != EEXIST {
            throw MediaError(errno: errno, "mkdir \(directory)")
        }
        try syncDirectory(directory)
        try syncDirectory(parent)
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
