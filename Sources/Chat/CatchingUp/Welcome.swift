public import ChatModel
import ChatStore

/// What a device that connects needs to know at once, asked for many at a time.
public final class Welcome: Sendable {
    public struct Greeting: Sendable {
        public var user: User
        /// How many messages of others have not been delivered, by conversation.
        public var undelivered: [ConversationID: Int]
    }

    private let memberships: BatchedQuery<UserID, [ConversationID]>
    private let greetings: BatchedQuery<UserID, Greeting?>

    init(conversations: ConversationStore, users: UserStore, sync: SyncStore) {
        memberships = BatchedQuery(missing: []) { try await conversations.ids(of: $0) }
        greetings = BatchedQuery(missing: nil) { ids in
            let undelivered = try await sync.undelivered(to: ids)
            var greetings: [UserID: Greeting?] = [:]
            for user in try await users.findSelf(ids) {
                greetings[user.id] = Greeting(user: user, undelivered: undelivered[user.id] ?? [:])
            }
            return greetings
        }
    }

    /// Every conversation of the user, for joining its rooms.
    public func conversations(of user: UserID) async throws -> [ConversationID] { try await memberships(user) }

    public func greeting(for user: UserID) async throws -> Greeting {
        guard let greeting = try await greetings(user) else { throw ChatError.accountGone }
        return greeting
    }
}
