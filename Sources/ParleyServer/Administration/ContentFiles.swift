import Crypto
import Foundation
import Glibc
import Media
import NIOCore
import PostgresClient
import SystemPackage

/// A content of the database, and the names of its files.
struct StoredContent {
    let id: BlobID
    /// The served file comes first, then the thumbnails.
    let names: [String]
    let variants: [BlobVariant]
    /// Bytes of the served file.
    let size: Int
    let servedSHA256: String
    /// nil: on the disk.
    let objectKey: String?

    /// The contents of one shard that uploads refer to. Impossible rows, which a prepared database may have, are left
    /// out.
    static func list(shard: Int, _ query: (PostgresQuery) async throws -> PostgresResult) async throws
        -> [StoredContent]
    {
        let prefix = String(format: "%02x", shard)
        let rows = try await query(
            """
            SELECT b.sha256, b.owner_only, b.served_size, b.served_sha256,
                -- A database of an older version has no such column.
                to_jsonb(b)->>'object_key' AS object_key,
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
                id: id, names: variants.map { id.hex + $0.suffix }, variants: variants,
                size: try row.decode("served_size"), servedSHA256: try row.decode("served_sha256"),
                objectKey: try row.decode("object_key"))
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

    /// Fetches the content's files from the object store.
    /// - Returns: Whether the served file is here, in full, with its hash.
    func fetch(_ content: StoredContent, from objects: ObjectContents) async throws -> Bool {
        guard let place = ContentPlace(content.id, key: content.objectKey),
            let here = try shard(of: content.id, making: true)
        else { return false }
        defer { close(here) }
        for (name, variant) in zip(content.names, content.variants) where size(of: name, in: here) == nil {
            let isMain = name == content.names[0]
            let known = isMain ? content.size : try await objects.size(of: place, variant)
            guard let known else { continue }
            do {
                let body = try await objects.open(place, variant, size: known).begin(0..<known)
                try await write(body, name, in: here, expecting: isMain ? content.servedSHA256 : nil)
            } catch let error as MediaError where error.code == .notFound {
                continue
            }
        }
        return size(of: content.names[0], in: here) == content.size
    }

    private func write(_ body: ContentBody, _ name: String, in target: Int32, expecting sha256: String?) async throws {
        let output = openat(target, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw OperatorError("\(name): \(String(cString: strerror(errno)))") }
        defer { close(output) }
        do {
            let file = FileHandle(fileDescriptor: output)
            var hash = SHA256()
            try await body.write { bytes in
                let data = Data(bytes.readableBytesView)
                hash.update(data: data)
                try file.write(contentsOf: data)
            }
            let found = hash.finalize().map { String(format: "%02x", $0) }.joined()
            if let sha256, found != sha256 { unlinkat(target, name, 0) }
        } catch {
            unlinkat(target, name, 0)
            throw error
        }
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
        let place = FileDescriptor(rawValue: directory)
        guard let status = try? Stat(FilePath(name), relativeTo: place, flags: .symlinkNoFollow),
            status.type == .regular
        else { return nil }
        return Int(status.size)
    }

    private func copy(_ name: String, from source: Int32, to target: Int32, expecting sha256: String?) throws {
        let input = openat(source, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard input >= 0 else { return }
        defer { close(input) }
        guard let status = try? Stat(FileDescriptor(rawValue: input)), status.type == .regular else { return }
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
