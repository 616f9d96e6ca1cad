import PostgresClient

/// What several stores need to know of rows of `blocks`.
enum BlockTable {
    /// Whether the other member of the direct conversation `c` has blocked `user`.
    ///
    /// A scalar subquery, as in `MessageTable.columns`: it reads one row by its key, however many people have blocked
    /// the same person.
    static func shutsOut(_ user: PostgresQuery) -> PostgresQuery {
        """
        (c.kind = 'direct' AND coalesce((SELECT true FROM blocks b WHERE b.blocked_id = \(user)
            AND b.blocker_id = CASE WHEN c.direct_low = \(user) THEN c.direct_high ELSE c.direct_low END), false))
        """
    }
}
