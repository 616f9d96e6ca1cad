public import ChatModel
import ChatStore

/// Finds people, shows them, and changes their profiles.
public struct UserDirectory: Sendable {
    let users: UserStore
    /// What searches people, on connections of its own.
    let searches: UserStore
    let limits: ReadLimits
    let uploads: UploadStore
    let uploadLookup: UploadLookup
    let blocks: BlockStore
    let presence: Presence
    let profiles: ProfileAnnouncements

    init(
        stores: Stores, limits: ReadLimits, uploadLookup: UploadLookup, presence: Presence,
        profiles: ProfileAnnouncements
    ) {
        users = stores.users
        searches = stores.searches.users
        uploads = stores.uploads
        blocks = stores.blocks
        self.limits = limits
        self.uploadLookup = uploadLookup
        self.presence = presence
        self.profiles = profiles
    }

    public func search(_ query: String, limit: Int, for viewer: UserID) async throws -> [User] {
        try Rules.nameQuery(query)
        var found = try await limits.searching.ask(viewer) { try await searches.search(query, limit: limit) }
        let apart = try await blocks.apart(from: [viewer])[viewer] ?? []
        for index in found.indices { presence.describe(&found[index], apart: apart) }
        return found
    }

    public func find(_ id: UserID, for viewer: UserID) async throws -> User {
        guard var user = try await users.find(id) else { throw ChatError.notFound("user") }
        presence.describe(&user, apart: try await blocks.apart(from: [viewer])[viewer] ?? [])
        return user
    }

    /// What a user changes of their profile. An empty `about` or `avatarUploadId` removes it.
    public struct Profile: Sendable {
        public var displayName: String?
        public var about: String?
        public var avatarUploadId: String?
        public var statusMessage = FieldChange<StatusMessage>.keep
        public var doNotDisturb = FieldChange<DoNotDisturb>.keep

        public init(displayName: String? = nil, about: String? = nil, avatarUploadId: String? = nil) {
            self.displayName = displayName
            self.about = about
            self.avatarUploadId = avatarUploadId
        }
    }

    public func update(_ user: UserID, _ profile: Profile) async throws {
        var change = UserStore.ProfileChange()
        if let displayName = profile.displayName { change.displayName = try Rules.displayName(displayName) }
        if let about = profile.about { change.about = .set(try Rules.about(about)) }
        if let avatar = profile.avatarUploadId {
            change.avatar = .set(avatar.isEmpty ? nil : try await ownPicture(avatar, of: user))
        }
        if case .set(let status) = profile.statusMessage { change.status = .set(try status.map(Rules.status)) }
        if case .set(let silence) = profile.doNotDisturb {
            change.doNotDisturb = .set(try silence.map(Rules.doNotDisturb))
        }
        guard try await users.update(user, change) else { return }
        if change.avatar.isSet { uploadLookup.forget() }
        // It is changed already. Who is not told learns of it by `sync`.
        try? await profiles.changed([user])
    }

    private func ownPicture(_ text: String, of user: UserID) async throws -> UploadID {
        guard let id = UploadID(text), let found = try await uploads.find(id, viewer: user), !found.gone,
            found.upload.ownerId == user, found.upload.kind == .image
        else { throw ChatError.unusableAvatar }
        return id
    }
}
