package import ChatStore
import Foundation
package import Media

/// Compares the files on disk with the database, both ways. Nothing may be uploaded meanwhile.
public struct StorageCheck: Sendable {
    /// What is wrong with one content.
    public struct Finding: Sendable, Equatable, CustomStringConvertible {
        public enum Problem: String, Sendable {
            /// The database has it, the disk has not, or not in full.
            case missing
            /// A thumbnail of it is missing, or empty.
            case missingThumbnail = "missing thumbnail"
            /// The disk has it, the database has not.
            case unreferenced
        }

        public var problem: Problem
        public var sha256: String
        /// The file's, or the one it should have.
        public var path: String

        public var description: String { "\(problem.rawValue): \(path)" }
    }

    private let blobs: BlobStore
    private let store: OrphanStore

    package init(stores: Stores, blobs: BlobStore) {
        self.blobs = blobs
        store = stores.orphans
    }

    /// - Parameter repair: whether files nobody refers to are deleted, and uploads whose content is lost answer `gone`
    ///   from now on. Without a thumbnail an upload is as good as before: that is told, and left as it is.
    /// - Returns: the number of contents in the database, and what was found.
    public func run(repair: Bool) async throws -> (contents: Int, findings: [Finding]) {
        if repair { _ = try await store.deleteUnreferenced() }
        var count = 0
        var findings: [Finding] = []
        for sha256 in try await store.dangling() {
            findings.append(Finding(problem: .missing, sha256: sha256, path: path(sha256, .served)))
        }
        for shard in BlobStore.shards {
            let contents = try await store.contents(prefix: String(format: "%02x", shard))
            count += contents.count
            findings += compare(contents, try await blobs.files(inShard: shard))
        }
        if repair {
            for finding in findings { try await mend(finding) }
        }
        return (count, findings)
    }

    private func compare(_ contents: [OrphanStore.Content], _ files: [StoredFile]) -> [Finding] {
        var sizes: [String: Int] = [:]
        for file in files { sizes[file.path] = file.size }
        var findings: [Finding] = []
        for content in contents {
            let main = path(content.sha256, content.ownerOnly ? .ownerOnly : .served)
            if sizes.removeValue(forKey: main) != content.size {
                findings.append(Finding(problem: .missing, sha256: content.sha256, path: main))
            }
            for size in content.thumbnails.compactMap(ThumbnailSize.init) {
                let thumbnail = path(content.sha256, .thumbnail(size))
                guard sizes.removeValue(forKey: thumbnail) ?? 0 == 0 else { continue }
                findings.append(Finding(problem: .missingThumbnail, sha256: content.sha256, path: thumbnail))
            }
        }
        for path in sizes.keys.sorted() {
            let sha256 = String((path as NSString).lastPathComponent.prefix(64))
            findings.append(Finding(problem: .unreferenced, sha256: sha256, path: path))
        }
        return findings
    }

    private func mend(_ finding: Finding) async throws {
        switch finding.problem {
        case .missing:
            try await store.forget(finding.sha256)
            if let id = BlobID(hex: finding.sha256) { try await blobs.delete(id) }
        case .unreferenced:
            if FileManager.default.fileExists(atPath: finding.path) {
                try FileManager.default.removeItem(atPath: finding.path)
            }
        case .missingThumbnail:
            return
        }
    }

    private func path(_ sha256: String, _ variant: BlobVariant) -> String {
        BlobID(hex: sha256).map { blobs.path(of: $0, variant) } ?? sha256
    }
}
