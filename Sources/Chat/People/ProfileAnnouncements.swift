import ChatModel
import ChatStore

/// Tells the people around somebody that their name, their picture or something else of their profile changed.
struct ProfileAnnouncements: Sendable {
    let users: UserStore
    let presence: Presence
    let events: any EventSink

    /// Tells whoever is told when one of these comes or goes, and their own devices.
    func changed(_ ids: [UserID]) async throws {
        guard !ids.isEmpty else { return }
        for var user in try await users.find(ids) {
            let near = presence.online(among: try await presence.neighbors(of: user.id).told)
            // Who must not see whether this user is online is not among them.
            presence.describe(&user, apart: [])
            events.deliver(.userUpdated(user, audience: near))
        }
    }
}
