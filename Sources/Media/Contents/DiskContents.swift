/// Contents on the disk, by their hashes.
public struct DiskContents: ContentStore {
    public let blobs: BlobStore

    public init(_ blobs: BlobStore) { self.blobs = blobs }

    public func putCopy(of file: ReceivedFile, as variant: BlobVariant, at place: ContentPlace) async throws {
        try await blobs.keepCopy(of: file, as: variant)
    }

    public func borrow(_ place: ContentPlace, type: String, size: Int) async throws -> ReceivedFile {
        try await blobs.borrow(place.id, type: type)
    }

    public func open(_ place: ContentPlace, _ variant: BlobVariant, size: Int?) async throws -> ContentReader {
        .file(try await blobs.open(place.id, variant))
    }

    public func size(of place: ContentPlace, _ variant: BlobVariant) async throws -> Int? {
        try await blobs.size(of: place.id, variant)
    }

    public func delete(_ place: ContentPlace, _ variant: BlobVariant?) async throws {
        try await blobs.delete(place.id, variant)
    }

    public func list(shard: Int) async throws -> [StoredFile] { try await blobs.files(inShard: shard) }

    public func path(of place: ContentPlace, _ variant: BlobVariant) -> String { blobs.path(of: place.id, variant) }
}
