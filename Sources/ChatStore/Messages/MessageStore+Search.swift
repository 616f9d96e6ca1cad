package import ChatModel
import PostgresClient

/// Searching, newest first. No way to find matches is good for all words, so each search takes the one that reads the
/// least:
///
/// 1. A user without many messages has all of them read.
/// 2. For others the newest messages are read one after the other. A common word is found there at once.
/// 3. The index names all matches of a rare word, in no order, so each of them is fetched. Where they would be many,
///    because the word was common once or is among others, more of the newest messages are read, or all of the user's.
extension MessageStore {
    /// The search for the database; nil if it names no word that a message must contain.
    package func condition(_ query: SearchQuery) async throws -> SearchCondition? {
        let terms = query.alternatives.flatMap(\.self)
        let rows = try await database.query(
            """
            SELECT term.n, part.word, part.begins
            FROM unnest(\(terms.map(\.text)), \(terms.map(\.isPrefix))) WITH ORDINALITY AS term (text, is_prefix, n)
                CROSS JOIN LATERAL search_parts(term.text, term.is_prefix) part
            """)
        var words: [[SearchCondition.Word]] = terms.map { _ in [] }
        for row in rows {
            words[try row.decode("n", as: Int.self) - 1].append(.init(text: try row["word"], begins: try row["begins"]))
        }
        var rest = words[...]
        return SearchCondition(
            query,
            words: query.alternatives.map { terms in
                defer { rest = rest.dropFirst(terms.count) }
                return Array(rest.prefix(terms.count))
            })
    }

    /// The newest matches in the conversations of `user`, or in `conversation`, before the message `before`. Following
    /// `before` shows each match once.
    package func search(
        _ condition: SearchCondition, user: UserID, conversation: ConversationID?, before: MessageID?, limit: Int
    ) async throws -> [Message] {
        let scope = Scope(user: user, conversation: conversation, before: before, limit: limit)
        let size = try await size(of: scope)
        if size.own <= Self.firstWindow { return try await messages(condition, by: .own, scope) }
        var found = try await messages(condition, by: .newest, scope)
        if found.count == limit { return found }
        let costs = try await costs(condition, size)
        for newest in costs.windows(after: Self.firstWindow) {
            found = try await messages(condition, by: .newest, scope, newest: newest)
            if found.count == limit { return found }
        }
        return try await messages(condition, by: costs.cheapest, scope)
    }

    /// As the other, but by the way that the caller says.
    func search(
        _ condition: SearchCondition, by way: SearchWay, user: UserID, conversation: ConversationID?,
        before: MessageID?, limit: Int
    ) async throws -> [Message] {
        try await messages(
            condition, by: way, Scope(user: user, conversation: conversation, before: before, limit: limit))
    }

    /// How matches are found.
    enum SearchWay: CaseIterable {
        /// Among the newest messages, read one after the other.
        case newest
        /// Among all messages of the user, read one after the other.
        case own
        /// Among those that the index names for the whole words of the search.
        case whole
        /// Among those that the index names for the whole search.
        case wanted
    }

    private struct Scope {
        var user: UserID
        var conversation: ConversationID?
        var before: MessageID?
        var limit: Int

        /// In one conversation the order is that of `seq`, elsewhere that of the ids, which begin with their time.
        var order: PostgresQuery { conversation == nil ? "x.id DESC" : "x.seq DESC" }

        /// Where the page begins. In one conversation, a message of another one counts by its id.
        var bound: PostgresQuery {
            guard let before else { return "true" }
            guard let conversation else { return "x.id < \(before)" }
            return """
                x.seq < coalesce(
                    (SELECT seq FROM messages WHERE id = \(before) AND conversation_id = \(conversation)),
                    (SELECT max(seq) + 1 FROM messages WHERE id < \(before) AND conversation_id = \(conversation)), 0)
                """
        }

        var isTheConversation: PostgresQuery {
            guard let conversation else { return "true" }
            return "x.conversation_id = \(conversation)"
        }

        var isAmongTheUsers: PostgresQuery {
            "EXISTS (SELECT FROM members me WHERE me.conversation_id = x.conversation_id AND me.user_id = \(user))"
        }
    }

    /// How many of the newest messages are read at first.
    private static let firstWindow = 20_000
    /// How many messages tell how common the words are.
    private static let sampled = 4_000

    private struct Size {
        /// How many messages the user can search, deleted ones included.
        var own: Int
        /// How many there are, about.
        var stored: Int
    }

    private func size(of scope: Scope) async throws -> Size {
        let rows = try await database.query(
            """
            SELECT coalesce(sum(c.last_seq), 0)::bigint AS own,
                (SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'messages'::regclass) AS stored
            FROM members me JOIN conversations c ON c.id = me.conversation_id
            WHERE me.user_id = \(scope.user)
                AND (\(scope.conversation)::uuid IS NULL OR me.conversation_id = \(scope.conversation))
            """, plan: .forValues)
        guard let row = rows.first else { return Size(own: 0, stored: 0) }
        return Size(own: try row["own"], stored: try row["stored"])
    }

    private func newest(_ condition: SearchCondition, _ scope: Scope, _ newest: Int) -> PostgresQuery {
        """
        SELECT x.id, x.seq FROM (
            SELECT x.id, x.seq, x.conversation_id, x.words FROM messages x
            WHERE \(scope.isTheConversation) AND \(scope.bound) ORDER BY \(scope.order) LIMIT \(newest)
        ) x WHERE x.words @@ \(condition.wanted)::tsquery AND \(scope.isAmongTheUsers)
        ORDER BY \(scope.order) LIMIT \(scope.limit)
        """
    }

    /// Not by the index of words, which is of messages that are not deleted: the others have no words either.
    private func allOwn(_ condition: SearchCondition, _ scope: Scope) -> PostgresQuery {
        """
        SELECT x.id, x.seq FROM members me CROSS JOIN LATERAL (
            SELECT x.id, x.seq FROM messages x
            WHERE x.conversation_id = me.conversation_id AND x.words @@ \(condition.wanted)::tsquery AND \(scope.bound)
            OFFSET 0
        ) x
        WHERE me.user_id = \(scope.user)
            AND (\(scope.conversation)::uuid IS NULL OR me.conversation_id = \(scope.conversation))
        ORDER BY \(scope.order) LIMIT \(scope.limit)
        """
    }

    private func indexed(_ index: String, _ condition: SearchCondition, _ scope: Scope) -> PostgresQuery {
        """
        SELECT x.id, x.seq FROM (
            SELECT x.id, x.seq, x.conversation_id, x.words FROM messages x
            WHERE x.words @@ \(index)::tsquery AND x.deleted_at IS NULL AND \(scope.isTheConversation)
                AND \(scope.bound)
            OFFSET 0
        ) x WHERE x.words @@ \(condition.wanted)::tsquery AND \(scope.isAmongTheUsers)
        ORDER BY \(scope.order) LIMIT \(scope.limit)
        """
    }

    private func messages(
        _ condition: SearchCondition, by way: SearchWay, _ scope: Scope, newest window: Int = Self.firstWindow
    ) async throws -> [Message] {
        let found =
            switch way {
            case .newest: newest(condition, scope, window)
            case .own: allOwn(condition, scope)
            case .whole: indexed(condition.whole ?? condition.wanted, condition, scope)
            case .wanted: indexed(condition.wanted, condition, scope)
            }
        return try await read(
            database.query(
                """
                SELECT \(MessageTable.columns) FROM (\(found)) x JOIN messages m ON m.id = x.id \(MessageTable.sender)
                ORDER BY \(scope.order)
                """, plan: .forValues))
    }

    private func costs(_ condition: SearchCondition, _ size: Size) async throws -> SearchCosts {
        let percent = min(100, 100 * Double(Self.sampled) / Double(max(size.stored, 1)))
        let rows = try await database.query(
            """
            SELECT count(*) AS sampled,
                count(*) FILTER (WHERE x.words @@ \(condition.wanted)::tsquery) AS wanted,
                count(*) FILTER (WHERE x.words @@ \(condition.whole ?? "")::tsquery) AS whole,
                count(*) FILTER (WHERE x.words @@ \(condition.beginnings ?? "")::tsquery) AS beginnings
            FROM messages x TABLESAMPLE SYSTEM (\(percent))
            """, plan: .forValues)
        guard let row = rows.first else { return SearchCosts() }
        return SearchCosts(
            condition, own: size.own, stored: size.stored, sampled: try row["sampled"], wanted: try row["wanted"],
            whole: try row["whole"], beginnings: try row["beginnings"])
    }
}
