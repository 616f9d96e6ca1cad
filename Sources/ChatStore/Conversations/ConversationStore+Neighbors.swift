package import ChatModel
import PostgresClient

/// Who is told of whom.
extension ConversationStore {
    /// The people who share a direct conversation or a small group with somebody.
    package struct Neighbors: Sendable, Equatable {
        /// Who is told when the user comes or goes.
        package var told: [UserID] = []
        /// Of whom the user is told. Those from whom a direct conversation is hidden are told nothing in it.
        package var heard: [UserID] = []

        package init() {}

        package mutating func remove(_ people: Set<UserID>) {
            told.removeAll(where: people.contains)
            heard.removeAll(where: people.contains)
        }
    }

    package func neighbors(of users: [UserID]) async throws -> [UserID: Neighbors] {
        // `OFFSET 0` makes PostgreSQL leave out large groups before it looks for their members.
        let rows = try await database.query(
            """
            SELECT c.of, o.user_id, bool_or(\(ConversationTable.isShown(to: "o.user_id"))) AS is_told,
                bool_or(\(ConversationTable.isShown(to: "c.of"))) AS is_heard
            FROM (
                SELECT me.user_id AS of, c.id, c.direct_low, c.direct_high, c.hidden_low_seq, c.hidden_high_seq, c.last_seq
                FROM members me JOIN conversations c ON c.id = me.conversation_id
                WHERE me.user_id = ANY(\(users)) AND (c.kind = 'direct' OR \(ConversationTable.isSmall("c.id")))
                OFFSET 0
            ) c JOIN members o ON o.conversation_id = c.id AND o.user_id <> c.of
            GROUP BY c.of, o.user_id
            """)
        var neighbors: [UserID: Neighbors] = [:]
        for row in rows {
            let user: UserID = try row[0]
            let other: UserID = try row[1]
            if try row.decode("is_told", as: Bool.self) { neighbors[user, default: .init()].told.append(other) }
            if try row.decode("is_heard", as: Bool.self) { neighbors[user, default: .init()].heard.append(other) }
        }
        return neighbors
    }
}
