package import ChatStore
import Foundation
package import Media

/// Checks the database's invariants, and compares the files on disk with the database, both ways.
public struct Verification: Sendable {
    public enum Violation: Sendable, Equatable, CustomStringConvertible {
        /// A rule of the database is broken: how often, and by which rows for example.
        case broken(rule: String, count: Int, examples: [String])
        /// The database knows this file. The disk does not have it, or not in full.
        case missing(path: String, sha256: String)
        /// The same for a thumbnail.
        case missingThumbnail(path: String, sha256: String, size: String)
        /// The disk has this file. The database does not know it.
        case unreferenced(path: String)
        /// The object store has this object. The database does not know it.
        case unreferencedObject(key: String)

        public var description: String {
            switch self {
            case .broken(let rule, let count, let examples):
                "broken: \(rule): \(count) (\(examples.joined(separator: ", "))\(count > examples.count ? ", …" : ""))"
            case .missing(let path, _): "missing: \(path)"
            case .missingThumbnail(let path, _, _): "missing thumbnail: \(path)"
            case .unreferenced(let path): "unreferenced: \(path)"
            case .unreferencedObject(let key): "unreferenced object: \(key)"
            }
        }

        /// Whether `Verification` knows how to mend it.
        public var isRepairable: Bool {
            if case .broken = self { false } else { true }
        }
    }

    /// Not a single file is there. More likely than their loss is a wrong directory, or a disk that is not mounted.
    public struct TotalLoss: Error, CustomStringConvertible {
        public let description = "none of the files is there; nothing was repaired"
    }

    public enum Repair: Sendable {
        case nothing
        /// Deletes files that nobody refers to. Uploads whose file is lost answer `gone` from now on; lost thumbnails are
        /// offered no longer.
        case differences
        /// The same, even if not a single file is there: otherwise that throws `TotalLoss`.
        case totalLoss
    }

    private let contents: Contents
    private let orphans: OrphanStore
    private let dropped: DroppedObjectStore
    private let invariants: InvariantStore
    private let isServerRunning: Bool

    /// - Parameter isServerRunning: whether files and rows may change meanwhile, by this or another server of the database.
    package init(stores: Stores, contents: Contents, isServerRunning: Bool) {
        self.contents = contents
        self.isServerRunning = isServerRunning
        orphans = stores.orphans
        dropped = stores.droppedObjects
        invariants = stores.invariants
    }

    /// - Parameters:
    ///   - repair: what to mend. Only while no server is running.
    ///   - progress: called with what is looked at next.
    /// - Returns: everything that was found, whether it was mended or not.
    public func run(repair: Repair = .nothing, progress: (String) -> Void) async throws -> [Violation] {
        if repair == .differences, try await orphans.hasContents(), try await !isAnythingThere() { throw TotalLoss() }
        if repair != .nothing { _ = try await orphans.deleteUnreferenced() }
        var violations: [Violation] = []
        for invariant in InvariantStore.invariants {
            progress(invariant.rule)
            let found = try await invariants.violations(of: invariant)
            guard !found.isEmpty else { continue }
            violations.append(
                .broken(rule: invariant.rule, count: found.count, examples: Array(found.prefix(Self.examples))))
        }
        progress("every file is there, and no other")
        let differences = try await compareFiles()
        if repair != .nothing {
            for difference in differences { try await mend(difference) }
        }
        return violations + differences
    }

    /// How many rows a violation names.
    private static let examples = 3
    /// A running server gives files their names just before it stores their rows. A file that got its name less than
    /// this many seconds ago may still get its row.
    private static let settlingTime: TimeInterval = 3600

    private func isAnythingThere() async throws -> Bool {
        for shard in BlobStore.shards {
            if try await !contents.disk.list(shard: shard).isEmpty { return true }
            if try await contents.objects?.list(shard: shard).isEmpty == false { return true }
        }
        return false
    }

    private func compareFiles() async throws -> [Violation] {
        var differences: [Violation] = []
        for sha256 in try await orphans.dangling() {
            let path = BlobID(hex: sha256).map { contents.disk.path(of: ContentPlace($0), .served) } ?? sha256
            differences.append(.missing(path: path, sha256: sha256))
        }
        for shard in BlobStore.shards {
            var found = try await compare(shard)
            if isServerRunning, !found.isEmpty {
                // What is being uploaded or deleted differs for a moment only.
                let again = try await compare(shard)
                found = found.filter(again.contains)
            }
            differences += found
        }
        return differences
    }

    private func compare(_ shard: Int) async throws -> [Violation] {
        let prefix = String(format: "%02x", shard)
        // Listed first: a key is noted before its row goes, and its objects go before the note.
        let files = try await contents.disk.list(shard: shard)
        let objects = try await contents.objects?.list(shard: shard) ?? []
        let found = try await orphans.contents(prefix: prefix)
        var rest = Dictionary((files + objects).map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
        let keys = Set(objects.map(\.path))
        for key in try await dropped.list(prefix: "\(prefix)/") {
            for variant in BlobVariant.all { rest[key + variant.suffix] = nil }
        }
        var differences: [Violation] = []
        for content in found {
            guard let id = BlobID(hex: content.sha256), let place = ContentPlace(id, key: content.objectKey) else {
                continue
            }
            func path(_ variant: BlobVariant) -> String {
                place.key == nil
                    ? contents.disk.path(of: place, variant)
                    : contents.objects?.path(of: place, variant) ?? "\(id)"
            }
            let main = path(content.ownerOnly ? .ownerOnly : .served)
            if rest.removeValue(forKey: main)?.size != content.size, content.isReferenced {
                differences.append(.missing(path: main, sha256: content.sha256))
            }
            // Where there is one. A lost one is made again.
            rest[path(.jpeg)] = nil
            for name in content.thumbnails {
                guard let size = ThumbnailSize(rawValue: name) else { continue }
                let thumbnail = path(.thumbnail(size))
                guard rest.removeValue(forKey: thumbnail)?.size ?? 0 == 0, content.isReferenced else { continue }
                differences.append(.missingThumbnail(path: thumbnail, sha256: content.sha256, size: name))
            }
        }
        let settled = Date(timeIntervalSinceNow: -Self.settlingTime)
        for (path, file) in rest.sorted(by: { $0.key < $1.key }) where !isServerRunning || file.changed < settled {
            differences.append(keys.contains(path) ? .unreferencedObject(key: path) : .unreferenced(path: path))
        }
        return differences
    }

    private func mend(_ violation: Violation) async throws {
        switch violation {
        case .broken:
            return
        case .missing(_, let sha256):
            // Stored since, by a server that has started meanwhile.
            guard try await !isThere(sha256) else { return }
            try await orphans.forget(sha256)
            if let id = BlobID(hex: sha256) { try await contents.disk.blobs.delete(id) }
            try await deleteDropped()
        case .missingThumbnail(_, let sha256, let size):
            try await orphans.forgetThumbnail(of: sha256, size: size)
        case .unreferenced(let path):
            // It may have gone with a content that was lost.
            if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
        case .unreferencedObject(let key):
            // Announced meanwhile, or taken by a row: by a server that has started since.
            guard try await !orphans.refers(to: key) else { return }
            try await contents.objects?.delete(key: key)
        }
    }

    private func isThere(_ sha256: String) async throws -> Bool {
        guard let content = try await orphans.contents(prefix: sha256).first, let id = BlobID(hex: sha256),
            let place = ContentPlace(id, key: content.objectKey)
        else { return false }
        return try await contents.size(of: place, content.ownerOnly ? .ownerOnly : .served) == content.size
    }

    /// Deletes the objects of rows that went.
    private func deleteDropped() async throws {
        guard let objects = contents.objects else { return }
        let keys = try await dropped.list(limit: 100)
        let outcome = await DroppedDeletion.run(keys, width: 1) { try await objects.delete(droppedKey: $0) }
        try await dropped.forget(outcome.deleted)
        try await dropped.postpone(outcome.failed.map(\.key), by: DroppedObjectStore.maxPause)
        if let error = outcome.stop { throw error }
    }
}
