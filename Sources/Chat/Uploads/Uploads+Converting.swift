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
    func openJPEG(_ found: UploadStore.Found) async throws -> BlobReader {
        guard Self.convertible.contains(found.upload.type), let address = BlobID(hex: found.upload.sha256) else {
            throw ChatError.invalid("format", "jpeg is for HEIC, AVIF, TIFF and WebP pictures")
        }
        // A picture that could not be read is a file for its owner only.
        guard found.upload.kind == .image, !found.ownerOnly else { throw Self.noJPEG }
        let reader = try await storing {
            try await copies(address) {
                do {
                    return try await storage.blobs.open(address, .jpeg)
                } catch let error as MediaError {
                    guard error.code == .notFound else { throw error }
                    return nil
                }
            } make: {
                try await makeJPEG(of: address, found.upload)
            }
        }
        guard let reader else { throw Self.noJPEG }
        return reader
    }

    private static let noJPEG = ChatError.notFound("a JPEG copy of this file")

    private func makeJPEG(of address: BlobID, _ upload: Upload) async throws -> Bool {
        let blobs = storage.blobs
        let file = try await blobs.borrow(address, type: upload.type)
        do {
            let copy = try await storage.workers.makeJPEG(of: file, for: upload.ownerId.uuid)
            if copy != nil {
                try await contents.withLock(address) {
                    // Its content may have been deleted meanwhile, with all its files.
                    guard try await store.storedFiles(of: address.hex, for: upload.ownerId) != nil else {
                        throw UploadStore.gone
                    }
                    try await blobs.keepCopy(of: file, as: .jpeg)
                }
            }
            try? await blobs.discard(file)
            return copy != nil
        } catch {
            try? await blobs.discard(file)
            throw error
        }
    }
}
