package import ChatModel
import PostgresClient

/// What happened to a group beside messages. Triggers keep `notices`; nobody else writes it.
extension ConversationStore {
    /// The newest `limit` of them, oldest first. They see all of them who see the messages: the members.
    /// - Throws: `not_a_member` or `not_found`.
    package func notices(
        of id: ConversationID, for user: UserID, within bounds: GroupNoticeBounds, limit: Int
    ) async throws -> GroupNoticePage {
        let end = bounds.end
        let results = try await database.atomically([
            """
            SELECT n.id, n.seq, n.kind, n.count, n.title, n.at,
                a.id AS actor_id, a.username AS actor_username, a.display_name AS actor_name,
                p.ids, p.usernames, p.names
            FROM notices n LEFT JOIN users a ON a.id = n.actor CROSS JOIN LATERAL (
                SELECT coalesce(array_agg(u.id ORDER BY w.position), '{}') AS ids,
                    coalesce(array_agg(u.username ORDER BY w.position), '{}') AS usernames,
                    coalesce(array_agg(u.display_name ORDER BY w.position), '{}') AS names
                FROM unnest(n.people) WITH ORDINALITY AS w (id, position) JOIN users u ON u.id = w.id
            ) p
            WHERE n.conversation_id = \(id) AND n.seq >= \(bounds.first) AND (n.seq, n.id) < (\(end.seq), \(end.id))
            ORDER BY n.seq DESC, n.id DESC LIMIT \(limit + 1)
            """,
            ConversationTable.membership(of: user, in: id),
        ])
        try Permissions.read(try results[1].first.map(ConversationTable.membership))
        let notices = try results[0].prefix(limit).reversed().map(Self.notice)
        let next = results[0].count > limit ? notices.first.map { GroupNoticeCursor(seq: $0.seq, id: $0.id) } : nil
        return GroupNoticePage(notices: notices, next: next)
    }

    private static func notice(from row: PostgresRow) throws -> GroupNotice {
        let ids: [UserID] = try row["ids"]
        let (usernames, names): ([String], [String]) = (try row["usernames"], try row["names"])
        var actor: Sender?
        if let id = try row.decode("actor_id", as: UserID?.self) {
            actor = Sender(id: id, username: try row["actor_username"], displayName: try row["actor_name"])
        }
        return GroupNotice(
            id: try row["id"], seq: try row["seq"], kind: try row["kind"], by: actor,
            people: zip(ids, zip(usernames, names)).map { Sender(id: $0, username: $1.0, displayName: $1.1) },
            count: try row["count"], title: try row["title"], at: try row["at"])
    }
}
