public import ChatModel
import ChatStore

/// What a device needs to know as soon as it connects. Devices that connect at the same time share the queries.
public final class Greetings: Sendable {
    private let memberships: BatchedQuery<UserID, [ConversationPosition]>
    private let greetings: BatchedQuery<UserID, Greeting?>

    init(stores: Stores) {
        let (conversations, users, sync) = (stores.conversations, stores.users, stores.lists.sync)
        memberships = BatchedQuery(missing: []) { try await conversations.positions(of: $0) }
        greetings = BatchedQuery(missing: nil) { ids in
            let undelivered = try await sync.undelivered(to: ids)
            var greetings: [UserID: Greeting?] = [:]
            for (user, moment) in try await users.findSelf(ids) {
                greetings[user.id] = Greeting(
                    user: user, undelivered: undelivered[user.id] ?? [:], cursor: moment)
            }
            return greetings
        }
    }

    /// Every conversation of the user, so that the device joins their rooms.
    public func conversations(of user: UserID) async throws -> [ConversationPosition] { try await memberships(user) }

    public func greeting(for user: UserID) async throws -> Greeting {
        guard let greeting = try await greetings(user) else { throw ChatError.accountGone }
        return greeting
    }
}
