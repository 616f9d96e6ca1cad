public import Foundation
internal import Glibc

/// One stored file, for reconciling the disk or the object store with the database.
public struct StoredFile: Sendable {
    /// Its path, which is its address unless someone moved it; or the key of its object.
    public let path: String
    /// In bytes.
    public let size: Int
    /// When it got its name, or was written last.
    public let changed: Date
}

/// One unfinished upload. `name` is its writer's.
public struct TemporaryFile: Sendable {
    public let name: UUID
    /// Bytes received so far.
    public let size: Int
    public let modified: Date
}

extension BlobStore {
    /// The first two digits of an address. The list of one shard's files fits in memory, but the list of all may not.
    public static let shards = 0...255

    /// Every stored file of one shard.
    public func files(inShard shard: Int) async throws -> [StoredFile] {
        let parent = "\(directory)/\(String(format: "%02x", shard))"
        return try await blocking { [self] in
            try names(in: parent).flatMap { child in
                try names(in: "\(parent)/\(child)").compactMap { try storedFile(named: $0, in: "\(parent)/\(child)") }
            }
        }
    }

    /// Every upload that is being received or processed, or was when the server stopped.
    public func temporaries() async throws -> [TemporaryFile] {
        try await blocking { [self] in
            try names(in: "\(directory)/tmp").compactMap { file in
                guard let name = UUID(uuidString: file), let status = status(of: "\(directory)/tmp/\(file)") else {
                    return nil
                }
                return TemporaryFile(name: name, size: status.size, modified: status.modified)
            }
        }
    }

    /// The bytes received so far of an unfinished upload. They are durable when this returns.
    public func temporarySize(_ name: UUID) async throws -> Int {
        try await blocking { [self] in
            let file = try openTemporary(name, O_RDONLY)
            let size = try file.size()
            try file.sync()
            return size
        }
    }

    /// Removes everything but received bytes from `tmp`: leftovers of processing when a server stopped.
    /// - Parameter age: Seconds since it last changed. Zero at the start, before any file is processed; where other servers
    ///   process files, more than that takes.
    public func removeLeftovers(olderThan age: TimeInterval = 0) async throws {
        let horizon = Date(timeIntervalSinceNow: -age)
        try await blocking { [self] in
            for file in try names(in: "\(directory)/tmp") where UUID(uuidString: file) == nil {
                let path = "\(directory)/tmp/\(file)"
                guard age == 0 || isOlder(path, than: horizon) else { continue }
                if file.hasSuffix(TemporaryDirectory.suffix) { TemporaryDirectory.remove(path) } else { unlink(path) }
            }
        }
    }

    /// Whether a file or directory has not changed since.
    private func isOlder(_ path: String, than horizon: Date) -> Bool {
        var status = stat()
        guard lstat(path, &status) == 0 else { return false }
        return Date(timeIntervalSince1970: TimeInterval(status.st_mtim.tv_sec)) <= horizon
    }

    private func storedFile(named file: String, in parent: String) throws -> StoredFile? {
        guard BlobID(hex: String(file.prefix(64))) != nil,
            BlobVariant.all.contains(where: { $0.suffix == file.dropFirst(64) }),
            case let path = "\(parent)/\(file)", let status = status(of: path)
        else { return nil }
        return StoredFile(path: path, size: status.size, changed: status.changed)
    }

    func names(in path: String) throws -> [String] {
        guard let stream = opendir(path) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw MediaError(errno: errno, "opendir \(path)")
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    /// nil if the file has gone meanwhile, or is not a regular file.
    func status(of path: String) -> (size: Int, modified: Date, changed: Date)? {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return (
            Int(status.st_size), Date(timeIntervalSince1970: TimeInterval(status.st_mtim.tv_sec)),
            Date(timeIntervalSince1970: TimeInterval(status.st_ctim.tv_sec))
        )
    }
}
