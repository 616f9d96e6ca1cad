import ChatModel
import PostgresClient

/// Reports to the moderators, which messages cause as they are stored or edited.
enum ReportTable {
    /// Inserts the word filter's reports of those messages that were stored. Nobody is their author.
    static func insert(_ messages: [(id: MessageID, patterns: [String])]) -> PostgresQuery {
        """
        INSERT INTO reports (id, message_id, reason)
        SELECT r.id, r.message_id, r.reason
        FROM unnest(\(messages.map { _ in ReportID.make() }), \(messages.map(\.id)),
                \(messages.map { reason($0.patterns) })) AS r (id, message_id, reason)
            JOIN messages m ON m.id = r.message_id
        """
    }

    /// `reports` takes at most 1,000 characters.
    private static func reason(_ patterns: [String]) -> String {
        String(("word filter: " + patterns.joined(separator: ", ")).unicodeScalars.prefix(1000))
    }
}
