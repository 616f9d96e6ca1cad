public import ChatModel
import ChatStore

/// Blocked people cannot write to the user who blocked them, or add them to a group, and neither of the two sees whether
/// the other is online. In a group with both of them, messages still arrive.
public struct Blocks: Sendable {
    let store: BlockStore
    let users: UserStore
    let presence: Presence
    let events: any EventSink

    /// Blocking twice changes nothing.
    public func block(_ other: UserID, by user: UserID) async throws {
        guard other != user else { throw ChatError.invalid("id", "somebody else") }
        switch try await store.insert(other, by: user) {
        case .unchanged: return
        case .noSuchUser: throw ChatError.notFound("user")
        case .tooMany:
            throw ChatError(.forbidden, "at most \(BlockStore.maximum) people can be blocked")
        case .changed:
            events.deliver(.blocked(other, by: user, isBlocked: true))
            // They learn of it when they connect again, if not now.
            try? await presence.part(user, other)
        }
    }

    public func unblock(_ other: UserID, by user: UserID) async throws {
        guard try await store.delete(other, by: user) else { return }
        events.deliver(.blocked(other, by: user, isBlocked: false))
        try? await presence.reunite(user, other)
    }

    /// The users do not show whether they are online.
    public func list(of user: UserID) async throws -> [User] {
        let ids = try await store.list(of: user)
        let found = Dictionary(
            try await users.find(ids).map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        return ids.compactMap { found[$0] }.map { user in
            var user = user
            presence.describe(&user, apart: [user.id])
            return user
        }
    }
}
