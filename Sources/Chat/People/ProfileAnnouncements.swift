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
        let told: [UserID: [UserID]] = try await withThrowingTaskGroup { tasks in
            for id in ids { tasks.addTask { (id, try await presence.neighbors(of: id).told) } }
            return try await tasks.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        // Last, because a profile has no revision: an older one must not be told after a newer one.
        for var user in try await users.find(ids) {
            let near = presence.here(among: told[user.id] ?? [])
            // Who must not see whether this user is online is not among them.
            presence.describe(&user, apart: [])
            events.deliver(.userUpdated(user, audience: near))
        }
    }
}
