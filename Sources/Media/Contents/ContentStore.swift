/// Where the files of a content are.
public struct ContentPlace: Hashable, Sendable {
    public let id: BlobID
    /// The name of the served object, with which those of its thumbnails and copies begin. nil: on the disk.
    public let key: String?

    /// On the disk.
    public init(_ id: BlobID) {
        self.id = id
        key = nil
    }

    /// - Parameter key: As the database has it; nil: on the disk.
    /// - Returns: nil for a key that no server made.
    public init?(_ id: BlobID, key: String?) {
        guard key.map({ Self.isKey($0, of: id) }) ?? true else { return nil }
        self.id = id
        self.key = key
    }

    /// A new place in the object store. Nobody has used its key before, and nobody will use it again: so no deletion can
    /// meet somebody else's bytes.
    static func make(_ id: BlobID, unique name: String) -> ContentPlace? {
        ContentPlace(id, key: keyPrefix(id) + name.lowercased())
    }

    static func keyPrefix(_ id: BlobID) -> String { "\(id.hex.prefix(2))/\(id.hex.dropFirst(2).prefix(2))/\(id.hex)/" }

    private static func isKey(_ key: String, of id: BlobID) -> Bool {
        let prefix = keyPrefix(id)
        return key.hasPrefix(prefix) && key.utf8.count == prefix.utf8.count + 36
            && key.utf8.dropFirst(prefix.utf8.count).allSatisfy {
                (0x30...0x39).contains($0) || (0x61...0x66).contains($0) || $0 == UInt8(ascii: "-")
            }
    }

    /// The object's name of one of its files; nil on the disk.
    public func objectKey(_ variant: BlobVariant) -> String? { key.map { $0 + variant.suffix } }
}

/// Keeps the files of contents: the served file, its thumbnails and its copies.
public protocol ContentStore: Sendable {
    /// Keeps what a worker made of a borrowed file beside the others.
    func putCopy(of file: ReceivedFile, as variant: BlobVariant, at place: ContentPlace) async throws

    /// Gives a stored file a temporary name, so that workers can process it like a received one.
    func borrow(_ place: ContentPlace, type: String, size: Int) async throws -> ReceivedFile

    /// - Parameter size: In bytes, if it is known.
    /// - Throws: `notFound`; `away` while the store does not answer. Both may also come when the bytes are read.
    func open(_ place: ContentPlace, _ variant: BlobVariant, size: Int?) async throws -> ContentReader

    /// In bytes, or nil if there is no such file.
    func size(of place: ContentPlace, _ variant: BlobVariant) async throws -> Int?

    /// Removes the named file, or all files of the content, if they exist.
    func delete(_ place: ContentPlace, _ variant: BlobVariant?) async throws

    /// Every file whose address begins with these two digits.
    func list(shard: Int) async throws -> [StoredFile]

    /// How `list` names a file.
    func path(of place: ContentPlace, _ variant: BlobVariant) -> String
}

/// Where contents are kept, and where older ones are: with an object store, files that were stored before may still be on
/// the disk.
public struct Contents: Sendable {
    public let disk: DiskContents
    public let objects: ObjectContents?

    public init(disk: DiskContents, objects: ObjectContents? = nil) {
        self.disk = disk
        self.objects = objects
    }

    /// The store that has the files of a place.
    /// - Throws: `unavailable` for objects where no object store is configured.
    public func store(of place: ContentPlace) throws -> any ContentStore {
        guard place.key != nil else { return disk }
        guard let objects else { throw MediaError(.unavailable, "\(place.id) is in an object store; set S3_ENDPOINT") }
        return objects
    }

    public func open(_ place: ContentPlace, _ variant: BlobVariant, size: Int? = nil) async throws -> ContentReader {
        try await store(of: place).open(place, variant, size: size)
    }

    public func size(of place: ContentPlace, _ variant: BlobVariant) async throws -> Int? {
        try await store(of: place).size(of: place, variant)
    }

    public func delete(_ place: ContentPlace, _ variant: BlobVariant? = nil) async throws {
        try await store(of: place).delete(place, variant)
    }
}
