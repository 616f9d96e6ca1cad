import ChatModel
import PostgresClient

/// What several stores need to know of rows of `conversations` and `members`, and to write into them. Each rule is
/// written once.
enum ConversationTable {
    /// What every change of a conversation sets: the change counter, and the time. `c` is the conversation's row.
    static func change(by count: PostgresQuery = "1") -> PostgresQuery {
        "revision = c.revision + \(count), updated_at = now()"
    }

    /// Counts one change of the conversation that `condition` names.
    /// - Returns: The new `revision`, and `last_seq`.
    static func bump(where condition: PostgresQuery) -> PostgresQuery {
        "UPDATE conversations c SET \(change()) WHERE \(condition) RETURNING c.revision, c.last_seq"
    }

    /// Locks the conversation for a change; messages are stored under the same lock.
    static func lock(_ id: ConversationID?) -> PostgresQuery {
        "SELECT 1 FROM conversations WHERE id = \(id) FOR NO KEY UPDATE"
    }

    /// Whether a group is small (`GroupSize`). Counts no more members than it has to.
    /// - Parameter conversation: The expression of its id.
    static func isSmall(_ conversation: PostgresQuery) -> PostgresQuery {
        """
        (SELECT count(*) FROM (SELECT 1 FROM members x WHERE x.conversation_id = \(conversation)
            LIMIT \(unescaped: "\(GroupSize.small + 1)")) AS counted) <= \(unescaped: "\(GroupSize.small)")
        """
    }

    /// The epoch with which URLs that are shown in the conversation `c` are signed. The next epoch is not used before it
    /// begins: URLs that somebody got after a removal end together with the earlier ones.
    static let urlEpoch: PostgresQuery = """
        CASE WHEN c.url_epoch > extract(epoch FROM now()) THEN c.previous_url_epoch ELSE c.url_epoch END AS url_epoch
        """

    /// How many messages of others lie past a mark of the member `me` of the conversation `c`.
    ///
    /// Few are counted. Of many, because `seq` has no gaps, we count only the messages that do not count: the member's own
    /// and deleted ones. The index of one's own in a conversation knows their `seq` but is not sorted by it, so all are gone
    /// through, without the messages themselves.
    static func others(past mark: PostgresQuery) -> PostgresQuery {
        """
        CASE WHEN c.last_seq <= me.\(mark) THEN 0
        WHEN c.last_seq - me.\(mark) <= \(unescaped: "\(maxCounted)") THEN
            (SELECT count(*) FROM messages past WHERE past.conversation_id = me.conversation_id
                AND past.seq > me.\(mark) AND past.sender_id <> me.user_id AND past.deleted_at IS NULL)
        ELSE c.last_seq - me.\(mark)
            - (SELECT count(*) FROM messages own WHERE own.sender_id = me.user_id
                AND own.conversation_id = me.conversation_id AND own.seq > me.\(mark))
            - (SELECT count(*) FROM messages gone WHERE gone.conversation_id = me.conversation_id
                AND gone.seq > me.\(mark) AND gone.deleted_at IS NOT NULL AND gone.sender_id <> me.user_id)
        END
        """
    }

    static let maxCounted = 100

    /// How many messages of others past the read mark of the member `me` of the conversation `c` mention them, by name or
    /// as one of all. Reads no others, and of each kind the newest `maxMentions` only.
    static let unreadMentions: PostgresQuery = """
        CASE WHEN c.last_seq > me.read_seq THEN (SELECT count(DISTINCT seq) FROM (
            \(newestMentions("x.user_id = me.user_id")) UNION ALL \(newestMentions("x.user_id IS NULL"))
            ) AS mentioning WHERE sender_id <> me.user_id)
        ELSE 0 END
        """

    static let maxMentions = 1000

    /// In the order of the index `mentions_unread`: without `user_id`, which is one value or none, it would not be that order
    /// for those of all, and all of them would be read and sorted.
    private static func newestMentions(_ condition: PostgresQuery) -> PostgresQuery {
        """
        (SELECT x.seq, x.sender_id FROM mentions x WHERE x.conversation_id = me.conversation_id AND \(condition)
            AND x.seq > me.read_seq ORDER BY x.user_id DESC, x.seq DESC LIMIT \(unescaped: "\(maxMentions)"))
        """
    }

    /// The lowest mark of all open members but `me`; null where there are none. Takes a step or two in the index
    /// `members_read` or `members_delivered`, however large the group is.
    static func lowestOfOthers(_ mark: PostgresQuery) -> PostgresQuery {
        """
        (SELECT o.\(mark) FROM members o WHERE o.conversation_id = me.conversation_id AND o.user_id <> me.user_id
            AND NOT o.closed ORDER BY o.\(mark) LIMIT 1)
        """
    }

    /// Whether the conversation `c` is direct, and the other member's account is closed. Reads one row by its key.
    static func isToClosedAccount(from user: PostgresQuery) -> PostgresQuery {
        """
        (c.kind = 'direct' AND coalesce((SELECT \(UserTable.isClosed) FROM users u
            WHERE u.id = CASE WHEN c.direct_low = \(user) THEN c.direct_high ELSE c.direct_low END), false))
        """
    }

    /// Whether the conversation `c` is in the lists of a member. A direct one may be hidden until the next message.
    static func isShown(to user: PostgresQuery) -> PostgresQuery {
        """
        (CASE \(user) WHEN c.direct_low THEN c.hidden_low_seq WHEN c.direct_high THEN c.hidden_high_seq END
            IS DISTINCT FROM c.last_seq)
        """
    }

    /// Those of the two people of the direct conversation `c` from whom it was hidden before its message `seq`.
    static func wasHidden(before seq: Int) -> PostgresQuery {
        """
        array_remove(ARRAY[CASE WHEN c.hidden_low_seq = \(seq - 1) THEN c.direct_low END,
            CASE WHEN c.hidden_high_seq = \(seq - 1) THEN c.direct_high END], NULL)
        """
    }

    /// The columns of a user's `Membership`. `c` is the conversation's row, `u` the user's, `me` the member's; only `c`
    /// has to be there.
    static func membershipColumns(of user: UserID) -> PostgresQuery {
        """
        c.kind, c.visibility, me.role, \(UserTable.isMuted) AS is_muted, \(BlockTable.shutsOut("\(user)")) AS is_shut_out,
        me.user_id IS NULL AND EXISTS (SELECT 1 FROM removed_members r
            WHERE r.conversation_id = c.id AND r.user_id = \(user)) AS was_removed
        """
    }

    static func membership(of user: UserID, in id: ConversationID) -> PostgresQuery {
        """
        SELECT \(membershipColumns(of: user))
        FROM conversations c LEFT JOIN users u ON u.id = \(user)
            LEFT JOIN members me ON me.conversation_id = c.id AND me.user_id = \(user)
        WHERE c.id = \(id)
        """
    }

    static func membership(from row: PostgresRow) throws -> Membership {
        Membership(
            kind: try row["kind"], visibility: try row["visibility"], role: try row["role"],
            isMuted: try row["is_muted"], isShutOut: try row["is_shut_out"], wasRemoved: try row["was_removed"])
    }

    /// The id of `adder` if the user `u` does not seem to know them: `u` has neither written to them, nor joined a private
    /// group with them by their own choice. A public group proves nothing, because everybody may join it.
    static func stranger(_ adder: UserID?) -> PostgresQuery {
        """
        SELECT \(adder)::uuid WHERE \(adder)::uuid IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM conversations d
                JOIN messages m ON m.conversation_id = d.id AND m.sender_id = u.id
                WHERE d.direct_low = least(u.id, \(adder)) AND d.direct_high = greatest(u.id, \(adder)))
            AND NOT EXISTS (SELECT 1 FROM members mine
                JOIN conversations g ON g.id = mine.conversation_id AND g.visibility = 'private'
                JOIN members theirs ON theirs.conversation_id = g.id AND theirs.user_id = \(adder)
                WHERE mine.user_id = u.id AND mine.invited_by IS NULL)
        """
    }
}
