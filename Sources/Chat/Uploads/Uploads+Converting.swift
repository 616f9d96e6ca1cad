import ChatModel
import ChatStore
import Media

extension Uploads {
    /// What some browsers and many programs cannot show. Such pictures can be had as JPEG.
    private static let convertible: Set<String> = [
        "image/heic", "image/heif", "image/heic-sequence", "image/heif-sequence", "image/avif", "image/tiff",
        "image/webp",
    ]

    /// The picture as JPEG, upright and at full size. It is made when it is first asked for, and kept until its content is
    /// deleted.
    func openJPEG(_ found: UploadStore.Found) async throws -> ContentReader {
        guard Self.convertible.contains(found.upload.type) else {
            throw ChatError.invalid("format", "jpeg is for HEIC, AVIF, TIFF and WebP pictures")
        }
        // A picture that could not be read is a file for its owner only.
        guard found.upload.kind == .image, !found.ownerOnly else { throw Self.noJPEG }
        let place = try place(found)
        let reader = try await storing {
            try await copies(place.id) {
                do {
                    return try await storage.contents.open(place, .jpeg)
                } catch let error as MediaError {
                    guard error.code == .notFound else { throw error }
                    return nil
                }
            } make: {
                try await makeJPEG(of: place, found)
            }
        }
        guard let reader else { throw Self.noJPEG }
        return reader
    }

    private static let noJPEG = ChatError.notFound("a JPEG copy of this file")

    private func makeJPEG(of place: ContentPlace, _ found: UploadStore.Found) async throws -> Bool {
        let (blobs, upload) = (storage.blobs, found.upload)
        let contents = try storage.contents.store(of: place)
        let file = try await contents.borrow(place, type: upload.type, size: found.servedSize)
        do {
            let copy = try await storage.workers.makeJPEG(of: file, for: upload.ownerId.uuid)
            if copy != nil {
                try await self.contents.withLock(place.id) {
                    // Its content may have been deleted meanwhile, with all its files.
                    guard try await isThere(place, upload) else { throw UploadStore.gone }
                    guard let key = place.key, let copy = place.objectKey(.jpeg) else {
                        return try await contents.putCopy(of: file, as: .jpeg, at: place)
                    }
                    try await dropped.announce([copy])
                    try await contents.putCopy(of: file, as: .jpeg, at: place)
                    // Another server may have deleted the content while this one put the copy.
                    guard try await dropped.keep(copy: copy, of: key) else { throw UploadStore.gone }
                }
            }
            try? await blobs.discard(file)
            return copy != nil
        } catch {
            try? await blobs.discard(file)
            throw error
        }
    }

    private func isThere(_ place: ContentPlace, _ upload: Upload) async throws -> Bool {
        guard let stored = try await store.storedFiles(of: place.id.hex, for: upload.ownerId) else { return false }
        return stored.objectKey == place.key
    }
}
