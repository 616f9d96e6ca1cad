package import ChatModel
import PostgresClient

/// The cards of links.
extension MessageStore {
    /// - Parameter messages: An expression: an array of ids.
    static func cardsQuery(of messages: PostgresQuery) -> PostgresQuery {
        """
        SELECT k.message_id, k.url, k.title, k.description, k.site_name, c.id AS conversation_id,
            \(ConversationTable.urlEpoch), b.sha256 IS NOT NULL AS has_picture, \(UploadStore.columns)
        FROM link_cards k JOIN messages m ON m.id = k.message_id JOIN conversations c ON c.id = m.conversation_id
            LEFT JOIN uploads up ON up.id = k.picture_id AND up.removed_at IS NULL
            LEFT JOIN blobs b ON b.sha256 = up.sha256 AND NOT b.owner_only
        WHERE k.message_id = ANY(\(messages)) AND k.title IS NOT NULL
        """
    }

    /// Whether a card may be made for this link: there is none yet, and the sender did not take it away.
    package func wantsCard(_ id: MessageID, for url: String) async throws -> Bool {
        try await database.query(Self.cardQuery(of: id, for: url)).isEmpty
    }

    static func cardQuery(of id: MessageID, for url: String) -> PostgresQuery {
        "SELECT 1 FROM link_cards WHERE message_id = \(id) AND url = \(url)"
    }

    func cards(from rows: PostgresResult) throws -> [MessageID: LinkCard] {
        var cards: [MessageID: LinkCard] = [:]
        for row in rows {
            var card = LinkCard(
                url: try row["url"], title: try row["title"], description: try row["description"],
                siteName: try row["site_name"])
            if try row.decode("has_picture", as: Bool.self) {
                let showing = UploadLinks.Showing(
                    conversation: try row["conversation_id"], epoch: try row["url_epoch"])
                card.picture = LinkCard.Picture(try uploads.upload(from: row, shownIn: showing))
            }
            cards[try row["message_id"]] = card
        }
        return cards
    }
}

/// The card of the message's link.
extension MessageChange {
    /// As `MessageStore.wantsCard`, in this transaction.
    package func wantsCard(for url: String) async throws -> Bool {
        try await transaction.query(MessageStore.cardQuery(of: id, for: url)).isEmpty
    }

    /// Gives the message a card, in place of the one of another link.
    /// - Returns: The conversation's revision after the change.
    package func setCard(_ card: LinkCard, picture: UploadID?) async throws -> Int {
        try await transaction.query(
            """
            INSERT INTO link_cards (message_id, url, title, description, site_name, picture_id)
            SELECT \(id), \(card.url), \(card.title), \(card.description)::text, \(card.siteName)::text,
                (SELECT up.id FROM uploads up WHERE up.id = \(picture)::uuid FOR KEY SHARE)
            ON CONFLICT (message_id) DO UPDATE SET url = excluded.url, title = excluded.title,
                description = excluded.description, site_name = excluded.site_name, picture_id = excluded.picture_id,
                created_at = now()
            """)
        return try await touch()
    }

    /// Takes the card away, and lets none come for its link; where there is none yet, none for this one.
    /// - Returns: The conversation's revision after the change; nil when there was no card to see.
    package func dismissCard(of link: String?) async throws -> Int? {
        let shown = try await transaction.query(
            """
            UPDATE link_cards SET title = NULL, description = NULL, site_name = NULL, picture_id = NULL
            WHERE message_id = \(id) AND title IS NOT NULL RETURNING 1
            """)
        if !shown.isEmpty { return try await touch() }
        if let link {
            try await transaction.query(
                "INSERT INTO link_cards (message_id, url) VALUES (\(id), \(link)) ON CONFLICT DO NOTHING")
        }
        return nil
    }
}
