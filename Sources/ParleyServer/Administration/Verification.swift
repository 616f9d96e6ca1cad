import ChatModel
import Foundation
public import Logging
import Media
import NIOPosix
import PostgresClient

extension Administration {
    /// One thing that should hold and does not.
    public struct Violation: Sendable, CustomStringConvertible {
        public let invariant: String
        /// The first few of what breaks it.
        public let examples: [String]
        public let count: Int

        public var description: String {
            "\(invariant): \(count) (\(examples.joined(separator: ", "))\(count > examples.count ? ", …" : ""))"
        }
    }

    /// What holds in every database at every moment: each query finds what breaks it.
    private static let invariants: [(String, PostgresQuery)] = [
        (
            "a conversation's seq runs from 1 to last_seq without a gap",
            """
            SELECT c.id::text AS subject FROM conversations c LEFT JOIN messages m ON m.conversation_id = c.id
            GROUP BY c.id HAVING count(m.id) <> c.last_seq OR coalesce(max(m.seq), 0) <> c.last_seq
            """
        ),
        (
            "no message's revision is beyond its conversation's",
            """
            SELECT m.id::text AS subject FROM messages m JOIN conversations c ON c.id = m.conversation_id
            WHERE m.revision > c.revision
            """
        ),
        (
            "nobody has read or received beyond last_seq",
            """
            SELECT c.id::text || '/' || b.user_id::text AS subject FROM members b JOIN conversations c ON c.id = b.conversation_id
            WHERE b.delivered_seq > c.last_seq
            """
        ),
        (
            "a direct conversation has its two members",
            """
            SELECT c.id::text AS subject FROM conversations c WHERE c.kind = 'direct' AND
                (SELECT array_agg(b.user_id ORDER BY b.user_id) FROM members b WHERE b.conversation_id = c.id)
                IS DISTINCT FROM ARRAY[c.direct_low, c.direct_high]
            """
        ),
        (
            "a group with members has an owner",
            """
            SELECT b.conversation_id::text AS subject FROM members b JOIN conversations c ON c.id = b.conversation_id
            WHERE c.kind = 'group' GROUP BY b.conversation_id HAVING count(*) FILTER (WHERE b.role = 'owner') = 0
            """
        ),
        (
            "an answer is to a message of its own conversation",
            """
            SELECT m.id::text AS subject FROM messages m JOIN messages r ON r.id = m.reply_to
            WHERE r.conversation_id <> m.conversation_id
            """
        ),
        (
            "an attachment is its sender's own upload",
            """
            SELECT a.message_id::text AS subject FROM attachments a JOIN messages m ON m.id = a.message_id
            JOIN uploads u ON u.id = a.upload_id WHERE u.owner_id <> m.sender_id
            """
        ),
        (
            "an upload that was not removed has its content",
            """
            SELECT u.id::text AS subject FROM uploads u WHERE u.removed_at IS NULL AND NOT EXISTS
                (SELECT 1 FROM blobs b WHERE b.sha256 = u.sha256 AND b.size = u.size)
            """
        ),
        (
            "every user has a password",
            "SELECT u.id::text AS subject FROM users u WHERE NOT EXISTS (SELECT 1 FROM passwords p WHERE p.user_id = u.id)"
        ),
    ]

    /// Checks the database's invariants, and that every file it knows is there in its full length.
    /// - Parameter progress: told what is being looked at.
    public static func verify(
        _ configuration: ServerConfiguration, logger: Logger, progress: (String) -> Void
    ) async throws -> [Violation] {
        try await withClient(configuration, logger: logger) { client in
            try await verify(client, uploads: configuration.uploadsDirectory, progress: progress)
        }
    }

    static func verify(
        _ client: PostgresClient, uploads: URL, progress: (String) -> Void
    ) async throws -> [Violation] {
        var violations: [Violation] = []
        for (invariant, query) in invariants {
            progress(invariant)
            let found = try await client.query(query)
            guard !found.isEmpty else { continue }
            violations.append(
                Violation(
                    invariant: "broken: \(invariant)",
                    examples: try found.prefix(3).map { try $0.decode("subject", as: String.self) }, count: found.count)
            )
        }
        progress("every file is there")
        let missing = try await missingFiles(client, uploads: uploads)
        if !missing.isEmpty {
            violations.append(
                Violation(
                    invariant: "broken: every file is there, in its full length", examples: Array(missing.prefix(3)),
                    count: missing.count))
        }
        return violations
    }

    /// The contents that the database knows and the disk does not have, in full.
    static func missingFiles(_ client: PostgresClient, uploads: URL) async throws -> [String] {
        let threads = NIOThreadPool(numberOfThreads: 1)
        threads.start()
        do {
            let store = try BlobStore(directory: uploads.path, threads: threads)
            var missing: [String] = []
            for shard in BlobStore.shards {
                let files = Set(
                    try await store.files(inShard: shard).compactMap { file in
                        file.variant == .served || file.variant == .ownerOnly ? "\(file.id.hex) \(file.size)" : nil
                    })
                let prefix = String(format: "%02x", shard)
                let known = try await client.query(
                    """
                    SELECT b.sha256, b.served_size FROM blobs b WHERE b.sha256 LIKE \(prefix + "%") AND EXISTS
                        (SELECT 1 FROM uploads u WHERE u.sha256 = b.sha256 AND u.removed_at IS NULL)
                    """)
                for row in known {
                    let sha256: String = try row.decode("sha256")
                    let size: Int = try row.decode("served_size")
                    if !files.contains("\(sha256) \(size)") { missing.append(sha256) }
                }
            }
            try await threads.shutdownGracefully()
            return missing
        } catch {
            try? await threads.shutdownGracefully()
            throw error
        }
    }
}

extension ServerConfiguration {
    /// Where the files of uploads are.
    var uploadsDirectory: URL { storageDirectory.appending(path: "uploads") }
}
