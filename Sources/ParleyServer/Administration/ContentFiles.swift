import Crypto
import Foundation
import Glibc
import Media
import PostgresClient

/// A content of the database, and the names of its files.
struct StoredContent {
    let id: BlobID
    /// The served file comes first, then the thumbnails.
    let names: [String]
    /// Bytes of the served file.
    let size: Int
    let servedSHA256: String

    /// The contents of one shard that uploads refer to. Impossible rows, which a prepared database may have, are left
    /// out.
    static func list(shard: Int, _ query: (PostgresQuery) async throws -> PostgresResult) async throws
        -> [StoredContent]
    {
        let prefix = String(format: "%02x", shard)
        let rows = try await query(
            """
            SELECT b.sha256, b.owner_only, b.served_size, b.served_sha256,
                ARRAY(SELECT t->>'size' FROM jsonb_array_elements(b.thumbnails) t) AS sizes
            FROM blobs b WHERE b.sha256 >= \(prefix) AND b.sha256 < \(prefix + "g") AND EXISTS
                (SELECT 1 FROM uploads u WHERE u.sha256 = b.sha256 AND u.removed_at IS NULL)
            """)
        return try rows.compactMap { row in
            guard let id = BlobID(hex: try row.decode("sha256")) else { return nil }
            let thumbnails = try row.decode("sizes", as: [String].self).compactMap(ThumbnailSize.init)
            let variants =
                [try row.decode("owner_only") ? BlobVariant.ownerOnly : .served]
                + thumbnails.map(BlobVariant.thumbnail)
            return StoredContent(
                id: id, names: variants.map { id.hex + $0.suffix }, size: try row.decode("served_size"),
                servedSHA256: try row.decode("served_sha256"))
        }
    }
}

/// The files of contents, in a storage or a backup: `ab/cd/<sha256>`, with its thumbnails beside it. They are reached
/// from one open directory without following links, so that nothing outside of it is read or written.
final class ContentFiles {
    private let root: Int32

    init(_ directory: URL) throws {
        root = open(directory.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard root >= 0 else {
            throw OperatorError("\(directory.path): \(String(cString: strerror(errno)))")
        }
    }

    deinit { close(root) }

    /// Takes the content's files over from `source`.
    /// - Parameter linking: Whether to make hard links where possible. Otherwise files are copied, and the served one
    ///   only if its hash is right.
    /// - Returns: Whether the served file is here, in full.
    func take(_ content: StoredContent, from source: ContentFiles, linking: Bool) throws -> Bool {
        guard let from = try source.shard(of: content.id, making: false),
            let here = try shard(of: content.id, making: true)
        else { return false }
        defer {
            close(from)
            close(here)
        }
        for (index, name) in content.names.enumerated() where size(of: name, in: here) == nil {
            if linking, linkat(from, name, here, name, 0) == 0 { continue }
            try copy(name, from: from, to: here, expecting: index == 0 && !linking ? content.servedSHA256 : nil)
        }
        return size(of: content.names[0], in: here) == content.size
    }

    /// Deletes every file of the shard that is not among `kept`.
    /// - Returns: how many stay.
    func prune(shard: Int, keeping kept: Set<String>) throws -> Int {
        var count = 0
        guard let first = try directory(String(format: "%02x", shard), in: root, making: false) else { return 0 }
        defer { close(first) }
        for name in Self.names(first) {
            guard let second = try directory(name, in: first, making: false) else { continue }
            defer { close(second) }
            for file in Self.names(second) {
                if kept.contains(file) { count += 1 } else { unlinkat(second, file, 0) }
            }
        }
        return count
    }

    private func shard(of id: BlobID, making: Bool) throws -> Int32? {
        let digits = Array(id.hex)
        guard let first = try directory(String(digits[0..<2]), in: root, making: making) else { return nil }
        defer { close(first) }
        return try directory(String(digits[2..<4]), in: first, making: making)
    }

    private func directory(_ name: String, in parent: Int32, making: Bool) throws -> Int32? {
        if making { mkdirat(parent, name, 0o700) }
        let directory = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if directory >= 0 { return directory }
        if errno == ENOENT { return nil }
        throw OperatorError("\(name): \(String(cString: strerror(errno)))")
    }

    /// nil for what is no regular file, such as a link.
    private func size(of name: String, in directory: Int32) -> Int? {
        var status = stat()
        guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT == S_IFREG else {
            return nil
        }
        return Int(status.st_size)
    }

    private func copy(_ name: String, from source: Int32, to target: Int32, expecting sha256: String?) throws {
        let input = openat(source, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard input >= 0 else { return }
        defer { close(input) }
        var status = stat()
        guard fstat(input, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
        let output = openat(target, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard output >= 0 else {
            throw OperatorError("\(name): \(String(cString: strerror(errno)))")
        }
        defer { close(output) }
        do {
            let files = (FileHandle(fileDescriptor: input), FileHandle(fileDescriptor: output))
            var hash = SHA256()
            while let piece = try files.0.read(upToCount: 1 << 20), !piece.isEmpty {
                hash.update(data: piece)
                try files.1.write(contentsOf: piece)
            }
            let found = hash.finalize().map { String(format: "%02x", $0) }.joined()
            if let sha256, found != sha256 { unlinkat(target, name, 0) }
        } catch {
            unlinkat(target, name, 0)
            throw error
        }
    }

    private static func names(_ directory: Int32) -> [String] {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd/\(directory)")) ?? []
    }
}
