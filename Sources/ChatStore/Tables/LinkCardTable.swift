import PostgresClient

/// What several stores need to know of a row of `link_cards`.
enum LinkCardTable {
    /// Whether the upload `up` is the picture of a card, also of one in a message that is deleted.
    static let carriesUpload: PostgresQuery = "EXISTS (SELECT 1 FROM link_cards k WHERE k.picture_id = up.id)"

    /// Whether the upload `up` is the picture of a card that is shown.
    static let showsUpload: PostgresQuery = """
        EXISTS (SELECT 1 FROM link_cards k JOIN messages km ON km.id = k.message_id
            WHERE k.picture_id = up.id AND km.deleted_at IS NULL)
        """
}
