public import ChatModel
import ChatStore

/// Finding and showing people.
public struct People: Sendable {
    let users: UserStore
    /// The same on connections for searches.
    let searches: UserStore
    let searching: ReadingLine
    let uploads: UploadStore
    let uploadLookup: UploadLookup
    let blocks: BlockStore
    let presence: Presence

    public func search(_ query: String, limit: Int, for viewer: UserID) async throws -> [User] {
        try Rules.nameQuery(query)
        var found = try await searching.ask(viewer) { try await searches.search(query, limit: limit) }
        let apart = try await blocks.apart(from: [viewer])[viewer] ?? []
        for index in found.indices { presence.describe(&found[index], apart: apart) }
        return found
    }

    public func find(_ id: UserID, for viewer: UserID) async throws -> User {
        guard var user = try await users.find(id) else { throw ChatError.notFound("user") }
        presence.describe(&user, apart: try await blocks.apart(from: [viewer])[viewer] ?? [])
        return user
    }

    /// What a user changes about themselves. An empty `about` and an empty `avatarUploadId` take it away.
    public struct Profile: Sendable, Codable {
        public var displayName: String?
        public var about: String?
        public var avatarUploadId: String?
    }

    public func update(_ user: UserID, _ profile: Profile) async throws {
        var change = UserStore.ProfileChange()
        if let displayName = profile.displayName { change.displayName = try Rules.displayName(displayName) }
        if let about = profile.about { change.about = .set(try Rules.about(about)) }
        if let avatar = profile.avatarUploadId {
            change.avatar = .set(avatar.isEmpty ? nil : try await ownPicture(avatar, of: user))
        }
        try await users.update(user, change)
        if change.avatar.isSet { uploadLookup.forget() }
    }

    private func ownPicture(_ text: String, of user: UserID) async throws -> UploadID {
        guard let id = UploadID(text), let found = try await uploads.find(id, viewer: user), !found.gone,
            found.upload.ownerId == user, found.upload.kind == .image
        else { throw ChatError.unusableAvatar }
        return id
    }
}
