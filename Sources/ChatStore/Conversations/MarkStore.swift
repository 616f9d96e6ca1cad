package import ChatModel
import PostgresClient

/// The SQL of delivered and read marks.
package struct MarkStore: Sendable {
    let database: PostgresClient

    /// Everything up to `delivered` has reached the member, and everything up to `read` has been read.
    package struct Mark: Sendable {
        var conversation: ConversationID
        var user: UserID
        var delivered: Int
        var read: Int
        /// How long ago its user asked for it.
        var age: Duration

        package init(
            conversation: ConversationID, user: UserID, delivered: Int, read: Int, age: Duration = .zero
        ) {
            self.conversation = conversation
            self.user = user
            self.delivered = delivered
            self.read = read
            self.age = age
        }
    }

    package enum Outcome: Sendable {
        /// The marks after the move, and whether the group is small.
        case moved(delivered: Int, read: Int, isSmall: Bool)
        /// The marks were that far already.
        case stands
        /// Somebody else has locked the member's row.
        case locked
        case refused(ChatError)
    }

    /// What became of one mark.
    package struct Move: Sendable {
        /// The index of the mark.
        package var ordinal: Int
        package var outcome: Outcome
        /// The member's attention, if the conversation was marked as unread and is not any more.
        package var attention: Attention?
    }

    /// Moves marks forward, never back, nor past the last message. A read mark takes back that its member marked the
    /// conversation as unread, also one that stands there already, unless it was asked for before that.
    /// - Parameter passingBy: Skips rows that somebody else has locked, and does not wait for them.
    package func move(_ marks: [Mark], passingBy: Bool) async throws -> [Move] {
        try await database.query(Self.update(marks, passingBy: passingBy)).map { row in
            Move(
                ordinal: try row["ordinal"], outcome: try Self.outcome(row),
                attention: try row.decode("is_taken_back", as: Bool.self)
                    ? try AttentionTable.attention(from: row) : nil)
        }
    }

    /// Makes memberships agree with the accounts whose they are. A trigger does so when an account is closed or opened,
    /// but cannot see members who are added in the same moment.
    package func settleClosed() async throws {
        try await database.atomically([
            """
            UPDATE members m SET closed = true FROM users u WHERE u.closed AND m.user_id = u.id AND NOT m.closed
            """,
            """
            UPDATE members m SET closed = false FROM users u WHERE m.closed AND u.id = m.user_id AND NOT u.closed
            """,
        ])
    }

    private static func outcome(_ row: PostgresRow) throws -> Outcome {
        if try row.decode("is_locked", as: Bool.self) { return .locked }
        guard try row.decode("is_member", as: Bool.self) else {
            let isPublic: Bool = try row["is_public"]
            return .refused(isPublic ? Permissions.notAMember : .notFound("conversation"))
        }
        guard try row.decode("advances", as: Bool.self), let delivered = try row.decode("delivered_seq", as: Int?.self),
            let read = try row.decode("read_seq", as: Int?.self)
        else { return .stands }
        return .moved(delivered: delivered, read: read, isSmall: try row["is_small"])
    }

    /// Returns a row for each mark: whether its user is a member, the marks after the move if they moved, and whether the
    /// row was skipped although they should move.
    ///
    /// The rows are locked in one order before any is changed, so that two writers never wait for each other. What is
    /// written is computed from the locked rows, once. Groups are counted once each, and memberships are looked up only
    /// where nothing moves.
    private static func update(_ marks: [Mark], passingBy: Bool) -> PostgresQuery {
        let advances: PostgresQuery =
            "(m.delivered_seq < least(i.delivered, c.last_seq) OR m.read_seq < least(i.read, c.last_seq))"
        // A statement that waits for a row was asked for before it waited.
        let isRead: PostgresQuery = """
            (i.read > 0 AND i.read >= m.read_seq AND coalesce(
                m.marked_unread_at < statement_timestamp() - i.age * interval '1 microsecond', true))
            """
        let isToMove: PostgresQuery = """
            m.conversation_id = i.conversation_id AND m.user_id = i.user_id
                AND (\(advances) OR m.marked_unread AND \(isRead))
            """
        let isPassedBy: PostgresQuery = """
            taken.ordinal IS NULL AND EXISTS (
                SELECT 1 FROM members m JOIN conversations c ON c.id = m.conversation_id WHERE \(isToMove))
            """
        return """
            WITH input AS (
                SELECT * FROM unnest(\(Array(marks.indices)), \(marks.map(\.conversation)),
                    \(marks.map(\.user)), \(marks.map(\.delivered)), \(marks.map(\.read)),
                    \(marks.map { Int($0.age / .microseconds(1)) }))
                    AS i (ordinal, conversation_id, user_id, delivered, read, age)
            ), taken AS MATERIALIZED (
                SELECT i.ordinal, i.conversation_id, i.user_id, \(advances) AS advances, m.marked_unread AS was_unread,
                    m.marked_unread AND NOT \(isRead) AS stays_unread,
                    greatest(m.delivered_seq, least(i.delivered, c.last_seq)) AS delivered,
                    greatest(m.read_seq, least(i.read, c.last_seq)) AS read
                FROM input i JOIN conversations c ON c.id = i.conversation_id JOIN members m ON \(isToMove)
                ORDER BY m.conversation_id, m.user_id
                FOR NO KEY UPDATE OF m \(passingBy ? "SKIP LOCKED" : "" as PostgresQuery)
            ), moved AS (
                UPDATE members m SET delivered_seq = taken.delivered, read_seq = taken.read,
                    marked_unread = taken.stays_unread,
                    marked_xid = CASE WHEN taken.advances THEN pg_current_xact_id() ELSE m.marked_xid END
                FROM taken WHERE m.conversation_id = taken.conversation_id AND m.user_id = taken.user_id
                RETURNING taken.ordinal, m.delivered_seq, m.read_seq, \(AttentionTable.columns(of: "m"))
            ), groups AS MATERIALIZED (
                SELECT DISTINCT conversation_id FROM taken
            ), sizes AS MATERIALIZED (
                SELECT groups.conversation_id, \(ConversationTable.isSmall("groups.conversation_id")) AS is_small FROM groups
            )
            SELECT i.ordinal, moved.delivered_seq, moved.read_seq, \(AttentionTable.returned(by: "moved")), \(passingBy ? isPassedBy : "false" as PostgresQuery) AS is_locked,
                coalesce(taken.advances, false) AS advances,
                coalesce(taken.was_unread AND NOT moved.marked_unread, false) AS is_taken_back,
                taken.ordinal IS NOT NULL OR EXISTS (
                    SELECT 1 FROM members m WHERE m.conversation_id = i.conversation_id AND m.user_id = i.user_id)
                    AS is_member,
                -- Of an EXISTS, PostgreSQL may make a hash table of all public groups.
                taken.ordinal IS NULL AND coalesce(
                    (SELECT c.visibility = 'public' FROM conversations c WHERE c.id = i.conversation_id), false)
                    AS is_public,
                coalesce(sizes.is_small, false) AS is_small
            FROM input i LEFT JOIN taken ON taken.ordinal = i.ordinal LEFT JOIN moved ON moved.ordinal = i.ordinal
                LEFT JOIN sizes ON sizes.conversation_id = i.conversation_id
            """
    }
}
