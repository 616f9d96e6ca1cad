package import ChatStore
import Crypto
import Foundation
package import Media
import NIOCore

/// Takes the files of all contents from the disk to the object store, or back, beside the running servers. What is moved is
/// noted in its row, so a move that was broken off goes on where it ended. One at a time moves, and a file goes from the disk
/// only while its row says that it is in the store.
public struct ContentMove: Sendable {
    public enum Target: String, Sendable, CaseIterable {
        case store, disk
    }

    /// What was done.
    public struct Outcome: Sendable {
        public var moved = 0
        public var bytes = 0
        /// The addresses of contents whose files are lost or damaged. They stay where they are.
        public var damaged: [String] = []
        /// Objects that are still to be deleted: somebody may be reading them.
        public var hasLeftObjects = false
    }

    /// Another process moves contents of the same database.
    public struct UnderWay: Error {}

    private let store: ContentMoveStore
    private let dropped: DroppedObjectStore
    private let disk: DiskContents
    private let objects: ObjectContents

    /// Contents that are moved at the same time.
    private static let width = 4
    /// How long a file stays on the disk after its row has forgotten it. Whoever has just read the row may still open it.
    private static let grace: Duration = .seconds(10)

    package init(stores: Stores, disk: DiskContents, objects: ObjectContents) {
        store = stores.contentMoves
        dropped = stores.droppedObjects
        self.disk = disk
        self.objects = objects
    }

    /// - Parameters:
    ///   - mayGoOn: Called now and then: throws once the move must not go on, and returns whether a server runs.
    ///   - progress: Called now and then with a sentence.
    /// - Throws: ``UnderWay``, and what `mayGoOn` throws.
    public func run(
        to target: Target, mayGoOn: () async throws -> Bool, progress: (String) -> Void
    ) async throws -> Outcome {
        let outcome = try await store.alone { check in
            try await move(to: target, progress: progress) {
                try await check()
                _ = try await mayGoOn()
            }
        }
        guard var outcome else { throw UnderWay() }
        if target == .disk {
            // Nobody reads objects any more.
            if try await !mayGoOn() { try await dropped.makeAllDue() }
            while try await deleteDropped() {}
            outcome.hasLeftObjects = try await !dropped.isEmpty()
        }
        return outcome
    }

    private func move(
        to target: Target, progress: (String) -> Void, mayGoOn: () async throws -> Void
    ) async throws -> Outcome {
        let total = try await store.count(onDisk: target == .store)
        progress("\(total.contents) files, \(total.bytes >> 20) MiB, are to be moved")
        var outcome = Outcome()
        var left: [(id: BlobID, since: ContinuousClock.Instant)] = []
        for shard in BlobStore.shards {
            try await mayGoOn()
            let contents = try await store.list(prefix: String(format: "%02x", shard), onDisk: target == .store)
            for start in stride(from: 0, to: contents.count, by: Self.width) {
                let some = contents[start..<min(start + Self.width, contents.count)]
                for (content, result) in try await move(some, to: target) {
                    switch result {
                    case .moved:
                        outcome.moved += 1
                        outcome.bytes += content.servedSize
                    case .damaged: outcome.damaged.append(content.sha256)
                    case .gone: break
                    }
                }
            }
            if target == .store {
                // Also those of a move that was broken off.
                left += try await moved(shard).map { ($0, .now) }
                try await removeFiles(&left)
            }
            if !contents.isEmpty {
                progress("\(outcome.moved) of \(total.contents) files, \(outcome.bytes >> 20) MiB")
            }
        }
        if let last = left.last {
            progress("waiting until nobody reads the old files")
            try await Task.sleep(until: last.since + Self.grace)
            try await mayGoOn()
            try await removeFiles(&left)
        }
        return outcome
    }

    private enum Result: Sendable {
        case moved, damaged, gone
    }

    private func move(
        _ contents: ArraySlice<ContentMoveStore.Content>, to target: Target
    ) async throws -> [(ContentMoveStore.Content, Result)] {
        try await withThrowingTaskGroup(of: (ContentMoveStore.Content, Result).self) { group in
            for content in contents {
                group.addTask {
                    switch target {
                    case .store: (content, try await toStore(content))
                    case .disk: (content, try await toDisk(content))
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    // MARK: One content

    private func variants(_ content: ContentMoveStore.Content) -> [BlobVariant] {
        content.thumbnails.compactMap(ThumbnailSize.init).map(BlobVariant.thumbnail)
    }

    private func main(_ content: ContentMoveStore.Content) -> BlobVariant {
        content.ownerOnly ? .ownerOnly : .served
    }

    private func toStore(_ content: ContentMoveStore.Content) async throws -> Result {
        guard let id = BlobID(hex: content.sha256) else { return .damaged }
        let (place, key) = objects.newPlace(id)
        do {
            let file = try await disk.blobs.open(id, main(content))
            guard file.size == content.servedSize, try await hash(file) == content.servedSHA256 else { return .damaged }
            try await dropped.announce([key])
        } catch let error as MediaError where error.code == .notFound {
            return .damaged
        }
        // What failed may still arrive: then the key goes when its day is over.
        let result = try await put(content, id, at: place, key)
        if result != .moved { try await dropped.giveUp([key]) }
        return result
    }

    private func put(
        _ content: ContentMoveStore.Content, _ id: BlobID, at place: ContentPlace, _ key: String
    ) async throws -> Result {
        do {
            let file = try await disk.blobs.open(id, main(content))
            try await objects.put(file, as: main(content), at: place, sha256: BlobID(hex: content.servedSHA256))
            for variant in variants(content) {
                try await objects.put(try await disk.blobs.open(id, variant), as: variant, at: place, sha256: nil)
            }
            // Where there is one. A lost one is made again.
            if let copy = try? await disk.blobs.open(id, .jpeg) {
                try await objects.put(copy, as: .jpeg, at: place, sha256: nil)
            }
        } catch let error as MediaError where error.code == .notFound {
            return .damaged
        }
        guard try await objects.size(of: place, main(content)) == content.servedSize else {
            throw MediaError(.io, "\(key): the object store has kept another number of bytes than it was sent")
        }
        return try await store.moveToStore(content, key: key) ? .moved : .gone
    }

    private func toDisk(_ content: ContentMoveStore.Content) async throws -> Result {
        guard let id = BlobID(hex: content.sha256), content.objectKey != nil,
            let place = ContentPlace(id, key: content.objectKey)
        else { return .damaged }
        var files: [(variant: BlobVariant, file: ReceivedFile)] = []
        let result: Result
        do {
            for variant in variants(content) + [.jpeg] {
                guard let size = try await objects.size(of: place, variant) else { continue }
                files.append((variant, try await fetch(place, variant, size: size)))
            }
            let served = try await fetch(place, main(content), size: content.servedSize)
            files.append((main(content), served))
            if served.sha256.hex == content.servedSHA256 {
                let fetched = files
                let isMoved = try await store.moveToDisk(content) {
                    for (variant, file) in fetched { try await disk.blobs.adopt(file, as: variant, of: id) }
                }
                result = isMoved ? .moved : .gone
            } else {
                result = .damaged
            }
        } catch {
            for (_, file) in files { try? await disk.blobs.discard(file) }
            guard (error as? MediaError)?.code == .notFound else { throw error }
            return .damaged
        }
        for (_, file) in files { try await disk.blobs.discard(file) }
        return result
    }

    /// Fetches a file to the disk.
    private func fetch(_ place: ContentPlace, _ variant: BlobVariant, size: Int) async throws -> ReceivedFile {
        let blobs = disk.blobs
        let writer = blobs.makeWriter(UUID(), maxBytes: size, announced: size)
        do {
            try await objects.open(place, variant, size: size).begin(0..<size).write { try await writer.write($0) }
        } catch {
            await writer.abort()
            throw error
        }
        return try await writer.finish()
    }

    private func hash(_ file: BlobReader) async throws -> String {
        var hash = SHA256()
        for try await chunk in file.chunks(0..<file.size) {
            chunk.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
        }
        return hash.finalize().map { String(format: "%02x", $0) }.joined()
    }

    // MARK: What is left behind

    /// Contents of a shard whose files are on the disk although their rows say that they are in the store.
    private func moved(_ shard: Int) async throws -> [BlobID] {
        let addresses = try await disk.list(shard: shard).compactMap { file in
            BlobID(hex: String((file.path.split(separator: "/").last ?? "").prefix(64)))
        }
        return try await store.inStore(Set(addresses).map(\.hex)).compactMap(BlobID.init(hex:))
    }

    private func removeFiles(_ left: inout [(id: BlobID, since: ContinuousClock.Instant)]) async throws {
        let now = ContinuousClock.now
        let old = left.prefix { $0.since + Self.grace <= now }
        for file in old {
            _ = try await store.whileInStore(file.id.hex) { try await disk.blobs.delete(file.id) }
        }
        left.removeFirst(old.count)
    }

    /// - Returns: Whether there may be more.
    private func deleteDropped() async throws -> Bool {
        let keys = try await dropped.list(limit: 100)
        let outcome = await DroppedDeletion.run(keys, width: Self.width) { [objects] key in
            try await objects.delete(droppedKey: key)
        }
        try await dropped.forget(outcome.deleted)
        try await dropped.postpone(outcome.failed.map(\.key), by: DroppedObjectStore.maxPause)
        if let error = outcome.stop { throw error }
        return !keys.isEmpty
    }
}
