public import Foundation
public import NIOCore
public import ObjectStorage

/// Contents in an object store. Received files are processed on the local disk; what is kept of them goes to the store.
public final class ObjectContents: ContentStore {
    public let objects: ObjectStore
    private let staging: BlobStore
    private let cache: ObjectCache?

    /// Larger objects are not cached, and read in pieces.
    static let maxCachedBytes = 1 << 20
    /// The largest thumbnail. Its size is not in the database.
    private static let maxThumbnailBytes = 16 << 20

    public init(_ objects: ObjectStore, staging: BlobStore, cache: ObjectCache?) {
        self.objects = objects
        self.staging = staging
        self.cache = cache
    }

    /// Keeps what was made of a received file, which also stays where it is. It is durable when this returns.
    /// - Parameter place: A new one, whose key was announced.
    public func put(_ file: ReceivedFile, _ media: ProcessedMedia, at place: ContentPlace) async throws {
        let staged = try await staging.staged(file, media)
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for one in staged {
                    group.addTask { [self] in
                        try await put(one.reader, as: one.variant, at: place, sha256: one.sha256)
                    }
                }
                try await group.waitForAll()
            }
        } catch {
            // Nobody will ask for what has arrived. What cannot be deleted now, or arrives only later, goes by its key.
            await Task { [self] in try? await delete(place, staged.map(\.variant)) }.value
            throw error
        }
    }

    public func putCopy(of file: ReceivedFile, as variant: BlobVariant, at place: ContentPlace) async throws {
        let copy = try await staging.stagedCopy(of: file, as: variant)
        try await put(copy.reader, as: variant, at: place, sha256: nil)
    }

    // MARK: Pieces of unfinished uploads

    /// A new key for bytes of an upload.
    public static func pieceKey(of upload: UUID) -> String {
        "\(piecePrefix)\(upload.uuidString.lowercased())/\(UUID().uuidString.lowercased())"
    }

    public static let piecePrefix = "tmp/"

    public func put(piece file: BlobReader, _ range: Range<Int>, as key: String) async throws {
        let source = ObjectSource(size: range.count, sha256: nil) { offset, count in
            try await file.read(at: range.lowerBound + offset, count: count)
        }
        try await objects.reading { try await $0.put(key, source) }
    }

    /// Some of the pieces of all unfinished uploads.
    /// - Parameter next: What the page before said.
    public func pieces(after next: String?) async throws -> ObjectPage {
        try await objects.reading { try await $0.list(prefix: Self.piecePrefix, after: next) }
    }

    public func read(key: String, size: Int, to send: (ByteBuffer) async throws -> Void) async throws {
        try await ObjectReader(objects: objects, key: key, size: size).begin(0..<size).write(send)
    }

    // MARK: Contents

    /// A place that nobody has used before.
    public func newPlace(_ id: BlobID) -> (place: ContentPlace, key: String) {
        guard let place = ContentPlace.make(id, unique: UUID().uuidString), let key = place.key else {
            preconditionFailure("a server's own key is one")
        }
        return (place, key)
    }

    /// - Parameter sha256: If it is known: the store then checks what it gets.
    public func put(
        _ file: BlobReader, as variant: BlobVariant, at place: ContentPlace, sha256: BlobID?
    ) async throws {
        let key = try key(place, variant)
        let source = ObjectSource(size: file.size, sha256: sha256?.hex) { offset, count in
            try await file.read(at: offset, count: count)
        }
        try await objects.reading { try await $0.put(key, source) }
    }

    public func borrow(_ place: ContentPlace, type: String, size: Int) async throws -> ReceivedFile {
        let name = UUID()
        let writer = staging.makeWriter(name, maxBytes: size, announced: size)
        do {
            let body = try await open(place, .served, size: size).begin(0..<size)
            try await body.write { try await writer.write($0) }
            return try await writer.finishBorrowed(place.id, type: type)
        } catch {
            await writer.abort()
            throw error
        }
    }

    public func open(_ place: ContentPlace, _ variant: BlobVariant, size: Int?) async throws -> ContentReader {
        let key = try key(place, variant)
        let isSmall: Bool
        switch variant {
        case .thumbnail: isSmall = true
        default: isSmall = size.map { $0 <= Self.maxCachedBytes } ?? false
        }
        // Without a cache, nothing of a file is fetched before it is asked for.
        guard isSmall, cache != nil || size == nil else {
            let found = if let size { size } else { try await objects.reading { try await $0.size(of: key) } }
            guard let found else { throw MediaError(.notFound, key) }
            return .object(ObjectReader(objects: objects, key: key, size: found))
        }
        let most = size ?? Self.maxThumbnailBytes
        let fetch: @Sendable () async throws -> ByteBuffer = { [objects] in
            let bytes = try await objects.reading { try await $0.get(key, maxBytes: most) }
            guard Self.isWhole(bytes, size: size) else {
                throw MediaError(.io, "\(key): a stored object has become \(bytes.readableBytes) bytes long")
            }
            return bytes
        }
        guard let cache else { return .bytes(try await fetch()) }
        return try await cache.reader(of: key, fetch)
    }

    /// Whether a small object is what was stored. What is cut short must not be cached.
    /// - Parameter size: nil for a thumbnail, a WebP file, which says itself how long it is (RFC 9649, section 2.4).
    static func isWhole(_ bytes: ByteBuffer, size: Int?) -> Bool {
        if let size { return bytes.readableBytes == size }
        let start = bytes.readerIndex
        guard bytes.getString(at: start, length: 4) == "RIFF",
            let length = bytes.getInteger(at: start + 4, endianness: .little, as: UInt32.self)
        else { return false }
        return bytes.readableBytes == Int(length) + 8
    }

    public func size(of place: ContentPlace, _ variant: BlobVariant) async throws -> Int? {
        let key = try key(place, variant)
        return try await objects.reading { try await $0.size(of: key) }
    }

    public func delete(_ place: ContentPlace, _ variant: BlobVariant?) async throws {
        try await delete(place, variant.map { [$0] } ?? BlobVariant.all)
    }

    private func delete(_ place: ContentPlace, _ variants: [BlobVariant]) async throws {
        let keys = try variants.map { try key(place, $0) }
        for key in keys { cache?.forget(key) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for key in keys {
                group.addTask { [objects] in try await objects.reading { try await $0.delete(key) } }
            }
            try await group.waitForAll()
        }
    }

    /// Removes what a key names: the objects of a content, or a piece of an unfinished upload.
    public func delete(droppedKey key: String) async throws {
        if let hex = key.split(separator: "/").dropFirst(2).first.map(String.init), let id = BlobID(hex: hex),
            let place = ContentPlace(id, key: key)
        {
            return try await delete(place, nil)
        }
        try await delete(key: key)
    }

    /// Removes one object.
    public func delete(key: String) async throws { try await objects.reading { try await $0.delete(key) } }

    public func list(shard: Int) async throws -> [StoredFile] {
        try await list(prefix: String(format: "%02x/", shard)).map { object in
            StoredFile(path: object.key, size: object.size, changed: object.modified)
        }
    }

    /// Every object whose key begins so.
    public func list(prefix: String) async throws -> [ListedObject] {
        var found: [ListedObject] = []
        var next: String?
        repeat {
            let page = try await objects.reading { [next] in try await $0.list(prefix: prefix, after: next) }
            found += page.objects
            next = page.next
        } while next != nil
        return found
    }

    public func path(of place: ContentPlace, _ variant: BlobVariant) -> String {
        place.objectKey(variant) ?? "\(place.id)"
    }

    /// An address by which anybody can get the file for so many seconds.
    public func address(
        of place: ContentPlace, _ variant: BlobVariant, seconds: Int, answering fields: [(name: String, value: String)]
    ) -> String? {
        place.objectKey(variant).map { objects.address(of: $0, seconds: seconds, answering: fields) }
    }

    /// Removes from the cache what has been there for too long.
    public func forgetOld() async throws { try await cache?.forgetOld() }

    private func key(_ place: ContentPlace, _ variant: BlobVariant) throws -> String {
        guard let key = place.objectKey(variant) else { throw MediaError(.notFound, "\(place.id) is on the disk") }
        return key
    }
}
