public import ChatModel
import ChatStore
import Media

extension Uploads {
    /// The files of a message as one archive. Files that were removed, or that only their owner may have, are left out.
    /// - Parameter message: As `user` may read it.
    /// - Throws: `not_found` for a message without files for this user, `gone` where all its files were removed.
    public func archive(of message: Message, for user: UserID) async throws -> MessageArchive {
        let keys = message.attachments.map { UploadStore.Key(upload: $0.id) }
        let found = keys.isEmpty ? [:] : try await store.find(Set(keys), viewer: user)
        let files = keys.compactMap { key -> UploadStore.Found? in
            guard case .success(let file) = found[key], !file.gone, file.visible,
                !file.ownerOnly || file.upload.ownerId == user
            else { return nil }
            return file
        }
        guard !files.isEmpty else {
            if try await store.hadFiles(message.id, stillThere: keys.map(\.upload)) { throw UploadStore.gone }
            throw ChatError.notFound("file")
        }
        for file in files { try await checkStored(file) }
        return MessageArchive(uploads: self, files: files)
    }

    /// Said before the archive begins: an answer cannot be taken back.
    private func checkStored(_ file: UploadStore.Found) async throws {
        guard let address = BlobID(hex: file.upload.sha256) else { throw ChatError.notFound("upload") }
        try await storing {
            let size = try await storage.blobs.size(of: address, file.ownerOnly ? .ownerOnly : .served)
            guard size == file.servedSize else {
                throw MediaError(.io, "\(address): a stored file is missing or damaged")
            }
        }
    }
}
