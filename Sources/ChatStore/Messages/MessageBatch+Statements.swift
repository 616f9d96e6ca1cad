import PostgresClient

/// The texts of the statements that store messages. What no message of a batch has is left out: PostgreSQL sets up every
/// part of a statement each time, whether or not it finds a row, and for few messages that is most of what they cost.
extension MessageBatch {
    static let storingOne = storingOne(hasMentions: false)
    static let storingOneWithMentions = storingOne(hasMentions: true)

    /// By whether there are attachments, and by whether there are mentions.
    static let storing = [
        [storing(hasAttachments: false, hasMentions: false), storing(hasAttachments: false, hasMentions: true)],
        [storing(hasAttachments: true, hasMentions: false), storing(hasAttachments: true, hasMentions: true)],
    ]

    private static func storingOne(hasMentions: Bool) -> PostgresQuery {
        """
        WITH judged AS (
            SELECT c.xmin AS version, \(judgment(hasAttachments: false))
            FROM (SELECT $1 AS id, $2 AS conversation_id, $3 AS sender_id, $4 AS text, $5 AS reply_to, $6 AS client_id,
                $7 AS fingerprint, $8 AS blocked, $9 AS has_room, $10 AS names, $11 AS calls_all) i \(evidence)
        ), advanced AS (
            UPDATE conversations c SET \(advance(by: "1"))
            FROM judged j WHERE j.verdict = 'stored' AND c.id = j.conversation_id AND c.xmin = j.version
            RETURNING c.last_seq AS seq, c.revision
        ), stored AS (
            INSERT INTO messages (\(columns))
            SELECT j.id, j.conversation_id, j.sender_id, a.seq, a.revision, j.text, j.reply_to, j.client_id,
                j.fingerprint, \(mentions(hasMentions, of: "j")), j.mentions_all
            FROM advanced a CROSS JOIN judged j RETURNING mentions
        )
        SELECT j.verdict, j.known_id, j.username, j.display_name, now() AS created_at, s.mentions, j.mentions_all,
            a.seq, a.revision, j.url_epoch, j.is_hidden AS is_revealing
        FROM judged j LEFT JOIN advanced a ON true LEFT JOIN stored s ON true
        """
    }

    /// The conversations are locked.
    private static func storing(hasAttachments: Bool, hasMentions: Bool) -> PostgresQuery {
        let wanted: PostgresQuery = """
            , wanted AS (
                SELECT * FROM unnest($13, $14, $15, $16, $17) AS w (ordinal, position, upload_id, alt, as_file)
            )
            """
        let attached: PostgresQuery = """
            , attached AS (
                INSERT INTO attachments (message_id, position, upload_id, alt, as_file)
                SELECT p.id, w.position, w.upload_id, w.alt, w.as_file
                FROM placed p JOIN wanted w ON w.ordinal = p.ordinal
            )
            """
        return """
            WITH input AS (
                SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
                    AS i (ordinal, id, conversation_id, sender_id, text, reply_to, client_id, fingerprint, blocked,
                        has_room, names, calls_all)
            )\(hasAttachments ? wanted : ""), judged AS (
                SELECT i.ordinal, c.last_seq, c.revision, \(judgment(hasAttachments: hasAttachments))
                FROM input i \(evidence)
            ), placed AS (
                SELECT *, row_number() OVER (PARTITION BY conversation_id ORDER BY ordinal) AS step,
                    \(mentions(hasMentions, of: "judged")) AS mentions
                FROM judged WHERE verdict = 'stored'
            ), advanced AS (
                UPDATE conversations c SET \(advance(by: "n.steps"))
                FROM (SELECT conversation_id, max(step) AS steps FROM placed GROUP BY conversation_id) n
                WHERE c.id = n.conversation_id
            ), stored AS (
                INSERT INTO messages (\(columns))
                SELECT id, conversation_id, sender_id, last_seq + step, revision + step, text, reply_to, client_id,
                    fingerprint, mentions, mentions_all
                FROM placed
            )\(hasAttachments ? attached : "")
            SELECT j.verdict, j.known_id, j.username, j.display_name, now() AS created_at,
                p.mentions, p.mentions_all, j.last_seq + p.step AS seq, j.revision + p.step AS revision, j.url_epoch,
                j.is_hidden AND p.step = 1 AS is_revealing
            FROM judged j LEFT JOIN placed p ON p.ordinal = j.ordinal ORDER BY j.ordinal
            """
    }

    private static let columns: PostgresQuery = """
        id, conversation_id, sender_id, seq, revision, text, reply_to, client_id, fingerprint, mentions, mentions_all
        """

    /// What a message changes in its conversation.
    private static func advance(by count: PostgresQuery) -> PostgresQuery {
        """
        \(ConversationTable.change(by: count)), last_seq = c.last_seq + \(count), active_at = now(),
            active_hour = date_trunc('hour', now(), 'UTC')
        """
    }

    /// Whom the message of the row `judged` mentions.
    private static func mentions(_ hasMentions: Bool, of judged: PostgresQuery) -> PostgresQuery {
        hasMentions ? MessageTable.mentioned("\(judged).names", in: "\(judged).conversation_id") : "NULL::uuid[]"
    }

    /// What is found out about the message `i` from its `evidence`.
    private static func judgment(hasAttachments: Bool) -> PostgresQuery {
        """
        i.id, i.conversation_id, i.sender_id, i.text, i.reply_to, i.client_id, i.fingerprint, i.names,
        coalesce(c.last_seq IN (c.hidden_low_seq, c.hidden_high_seq), false) AS is_hidden,
        \(ConversationTable.urlEpoch), u.username, u.display_name, known.id AS known_id,
        i.calls_all AND c.kind = 'group' AND me.role IN ('owner', 'admin') AS mentions_all,
        \(verdict(hasAttachments: hasAttachments)) AS verdict
        """
    }

    private static let evidence: PostgresQuery = """
        LEFT JOIN conversations c ON c.id = i.conversation_id
        LEFT JOIN members me ON me.conversation_id = i.conversation_id AND me.user_id = i.sender_id
        LEFT JOIN users u ON u.id = i.sender_id
        LEFT JOIN messages known ON known.conversation_id = i.conversation_id
            AND known.sender_id = i.sender_id AND known.client_id = i.client_id
        LEFT JOIN messages replied ON replied.id = i.reply_to AND replied.conversation_id = i.conversation_id
        """
}
