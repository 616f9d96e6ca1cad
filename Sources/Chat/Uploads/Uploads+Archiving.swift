public import ChatModel
import ChatStore
import Media

extension Uploads {
    /// The files of a message as one archive. Files that were removed, or that only their owner may have, are left out.
    /// - Parameters:
    ///   - message: As it is stored.
    ///   - key: The token of its URL, or a user who may read it.
    /// - Throws: `unauthenticated` or `token_expired` for a bad token, `not_found` for a message without files for this user,
    ///   `gone` where all its files were removed.
    public func archive(of message: Message, with key: Key) async throws -> MessageArchive {
        switch key {
        case .token(let token): try await archive(of: message, shownBy: showing(token, message.id))
        case .user(let user): try await archive(of: message, for: user)
        }
    }

    /// - Throws: `unauthenticated` or `token_expired` for a bad token of a message's files.
    public func check(_ token: String, for message: MessageID) throws { _ = try showing(token, message) }

    private func showing(_ token: String, _ message: MessageID) throws -> UploadLinks.Showing {
        switch links.verify(token, for: .files(of: message)) {
        case .valid(_, let showing?): return showing
        case .expired: throw Self.expired
        case .forged, .valid(_, nil): throw Self.forged
        }
    }

    private func archive(of message: Message, for user: UserID) async throws -> MessageArchive {
        let keys = message.attachments.map { UploadStore.Key(upload: $0.id) }
        let found = keys.isEmpty ? [:] : try await store.find(Set(keys), viewer: user)
        return try await archive(of: message, keys, found) {
            $0.visible && (!$0.ownerOnly || $0.upload.ownerId == user)
        }
    }

    private func archive(of message: Message, shownBy showing: UploadLinks.Showing) async throws -> MessageArchive {
        let keys = message.attachments.map { UploadStore.Key(upload: $0.id, conversation: showing.conversation) }
        let found = keys.isEmpty ? [:] : try await store.find(Set(keys), viewer: nil)
        for case .success(let file) in found.values {
            guard file.epochs?.validity(of: showing.epoch) != nil else { throw Self.expired }
        }
        return try await archive(of: message, keys, found) { !$0.ownerOnly }
    }

    private func archive(
        of message: Message, _ keys: [UploadStore.Key], _ found: [UploadStore.Key: UploadStore.Answer],
        where isOpen: (UploadStore.Found) -> Bool
    ) async throws -> MessageArchive {
        let files = keys.compactMap { key -> UploadStore.Found? in
            guard case .success(let file) = found[key], !file.gone, isOpen(file) else { return nil }
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
        let place = try place(file)
        try await storing {
            let size = try await storage.contents.size(of: place, file.ownerOnly ? .ownerOnly : .served)
            guard size == file.servedSize else {
                throw MediaError(.io, "\(place.id): a stored file is missing or damaged")
            }
        }
    }
}
