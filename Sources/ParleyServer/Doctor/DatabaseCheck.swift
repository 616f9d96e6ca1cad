import Foundation
import Logging
import PostgresClient

/// The database: whether it can be reached, lets the server do its work, and keeps what it promises to keep.
enum DatabaseCheck {
    private static let topic = "database"

    /// What one query tells of a database.
    struct Facts: Equatable {
        var version = 0
        var encoding = ""
        var isOwner = false
        var isReadOnly = false
        var hasICU = false
        var canMakeExtensions = false
        var fsync = false
        var fullPageWrites = false
        var synchronousCommit = ""
        var maxConnections = 0
        var seconds = 0.0
    }

    static func findings(_ configuration: ServerConfiguration, logger: Logger) async -> [Finding] {
        do {
            return try await Administration.withClient(configuration, logger: logger) { client in
                let facts = try await facts(client)
                let clock = Date().timeIntervalSince1970 - facts.seconds
                return findings(facts, connections: configuration.concurrency.allConnections)
                    + [clockFinding(ahead: clock)] + [try await commit(client)]
                    + (try await schema(client, configuration))
            }
        } catch {
            let advice =
                configuration.databaseURL == nil
                ? "start the server, and read its log" : "make sure that DATABASE_URL is right, and that it may log in"
            return [.error(topic, "\(error)", do: advice)]
        }
    }

    private static func facts(_ client: PostgresClient) async throws -> Facts {
        let rows = try await client.query(
            """
            SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding,
                pg_has_role(datdba, 'USAGE') AS owner, pg_is_in_recovery() AS read_only,
                EXISTS (SELECT FROM pg_collation WHERE collprovider = 'i') AS icu,
                EXISTS (SELECT FROM pg_extension WHERE extname = 'btree_gin')
                    OR has_database_privilege(datname, 'CREATE')
                    AND EXISTS (SELECT FROM pg_available_extensions WHERE name = 'btree_gin') AS extensions,
                current_setting('fsync')::bool AS fsync, current_setting('full_page_writes')::bool AS full_page_writes,
                current_setting('synchronous_commit') AS synchronous_commit,
                current_setting('max_connections')::int AS max_connections,
                extract(epoch FROM clock_timestamp())::float8 AS seconds
            FROM pg_database WHERE datname = current_database()
            """)
        guard let row = rows.first else { return Facts() }
        return Facts(
            version: Int(try row.decode("version", as: Int32.self)), encoding: try row.decode("encoding"),
            isOwner: try row.decode("owner"), isReadOnly: try row.decode("read_only"), hasICU: try row.decode("icu"),
            canMakeExtensions: try row.decode("extensions"), fsync: try row.decode("fsync"),
            fullPageWrites: try row.decode("full_page_writes"),
            synchronousCommit: try row.decode("synchronous_commit"),
            maxConnections: Int(try row.decode("max_connections", as: Int32.self)), seconds: try row.decode("seconds"))
    }

    /// - Parameter connections: how many the server opens.
    static func findings(_ facts: Facts, connections: Int) -> [Finding] {
        var findings: [Finding] = []
        func expect(_ holds: Bool, _ text: String, do advice: String) {
            if !holds { findings.append(.error(topic, text, do: advice)) }
        }
        expect(facts.version >= 150_000, "it is PostgreSQL \(facts.version / 10_000)", do: "use PostgreSQL 15 or later")
        expect(facts.encoding == "UTF8", "its encoding is \(facts.encoding)", do: "CREATE DATABASE … ENCODING UTF8")
        expect(!facts.isReadOnly, "it takes no writes", do: "name the primary server in DATABASE_URL")
        expect(facts.isOwner, "the role does not own it", do: "ALTER DATABASE … OWNER TO the role of DATABASE_URL")
        expect(facts.hasICU, "it has no ICU, which search needs", do: "use a PostgreSQL that is built with ICU")
        expect(
            facts.canMakeExtensions, "it lacks the extension btree_gin",
            do: "apt-get install postgresql-contrib on its host")
        expect(
            facts.fsync && facts.fullPageWrites, "fsync or full_page_writes is off: a power cut destroys it",
            do: "set both to on")
        expect(
            facts.synchronousCommit != "off", "synchronous_commit is off: a power cut loses acknowledged messages",
            do: "set it to on")
        expect(
            facts.maxConnections >= connections,
            "it allows \(facts.maxConnections) connections, and the server needs \(connections)",
            do: "raise max_connections, or lower DATABASE_CONNECTIONS")
        return findings.isEmpty
            ? [.fine(topic, "PostgreSQL \(facts.version / 10_000), with the rights it needs")] : findings
    }

    static func clockFinding(ahead seconds: Double) -> Finding {
        let text = "this machine and the database differ by \(Int(seconds.magnitude * 1000)) ms"
        guard seconds.magnitude > 2 else { return .fine("clock", text) }
        return .warning("clock", text, do: "let systemd-timesyncd or chrony set both")
    }

    /// Commits a record of its own to the write-ahead log, which no table notices.
    private static func commit(_ client: PostgresClient) async throws -> Finding {
        let clock = ContinuousClock()
        var durations: [Duration] = []
        for _ in 0..<10 {
            durations.append(
                try await clock.measure {
                    _ = try await client.query("SELECT pg_logical_emit_message(true, 'parley', 'doctor')")
                })
        }
        return StorageCheck.flushing(durations.sorted()[5], topic: "commit", what: "a commit")
    }

    private static func schema(_ client: PostgresClient, _ configuration: ServerConfiguration) async throws -> [Finding]
    {
        let known = try await client.query("SELECT 1 FROM pg_class WHERE oid = to_regclass('schema_migrations')")
        guard !known.isEmpty else {
            return [.warning("schema", "there is none yet", do: "start the server once, or run parley migrate")]
        }
        let rows = try await client.query("SELECT count(*) AS applied FROM schema_migrations")
        let applied = try rows.first?.decode("applied", as: Int.self) ?? 0
        let files = (try? FileManager.default.contentsOfDirectory(atPath: configuration.migrationsDirectory.path)) ?? []
        return [schema(applied: applied, known: files.count { $0.hasSuffix(".sql") })]
    }

    static func schema(applied: Int, known: Int) -> Finding {
        if known == 0 { return .error("schema", "there are no migrations", do: "set MIGRATIONS_DIR") }
        if applied < known {
            return .warning(
                "schema", "\(known - applied) migrations are missing", do: "start the server, or run parley migrate")
        }
        if applied > known {
            return .error("schema", "it is of a newer Parley", do: "install the version that made it, or a newer one")
        }
        return .fine("schema", "up to date, with \(applied) migrations")
    }
}
