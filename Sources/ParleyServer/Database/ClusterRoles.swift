import Glibc
import Logging
import PostgresClient

/// The roles of the private PostgreSQL.
///
/// `parley_owner` owns the cluster and is its only superuser. It logs in by operating system account (`peer`), so only
/// root and the account that runs the cluster can be it. The server is `parley`, which owns its database and nothing
/// else. Every account that can enter the directory can be `parley`. All other roles, such as moderators, have a
/// password.
enum ClusterRoles {
    static let owner = "parley_owner"
    static let server = "parley"
    /// Exists only while an older cluster is upgraded: no session can rename its own role.
    private static let helper = "parley_upgrade"

    /// `pg_hba.conf` (PostgreSQL documentation, 21.1).
    static let authentication = """
        # Written by Parley at each start.
        local all \(owner),\(helper) peer map=parley
        local all \(server) trust
        local all all scram-sha-256

        """

    /// `pg_ident.conf`: the operating system accounts that may be the owner (21.2).
    static func identities(_ accounts: [String]) -> String {
        let lines = Set(accounts).sorted().flatMap { account in
            let quoted = "\"\(account.replacing("\"", with: "\"\""))\""
            return ["parley \(quoted) \(owner)", "parley \(quoted) \(helper)"]
        }
        return "# Written by Parley at each start.\n" + lines.joined(separator: "\n") + "\n"
    }

    /// Makes the roles and the server's database where they are missing, and removes superuser rights from the server's
    /// role of an older cluster. If it is interrupted, the next start finishes it.
    /// - Parameter connectionString: how a role reaches a database of the cluster.
    static func prepare(
        logger: Logger, connectionString: (_ role: String, _ database: String) -> String
    ) async throws {
        if await !answers(connectionString(owner, "postgres")) {
            logger.notice("taking superuser rights from the server's role", metadata: ["role": "\(server)"])
            try await with(connectionString(server, "postgres"), logger) { cluster in
                let rows = try await cluster.query("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
                guard try rows.first?.decode("rolsuper", as: Bool.self) == true else {
                    throw OperatorError("PostgreSQL's owner, \(owner), cannot log in to it")
                }
                try await makeDatabase(cluster)
                if try await !exists(helper, cluster) {
                    try await cluster.query("CREATE ROLE parley_upgrade SUPERUSER LOGIN")
                }
            }
            try await with(connectionString(helper, server), logger) { database in
                try await database.atomically([
                    "ALTER ROLE parley RENAME TO parley_owner", "CREATE ROLE parley LOGIN",
                    "ALTER DATABASE parley OWNER TO parley", handOver,
                ])
            }
        }
        try await with(connectionString(owner, "postgres"), logger) { cluster in
            try await cluster.query("DROP ROLE IF EXISTS parley_upgrade")
            if try await !exists(server, cluster) { try await cluster.query("CREATE ROLE parley LOGIN") }
            // Migrations and backups refer to it, and the server's role cannot make roles.
            if try await !exists("parley_moderator", cluster) {
                try await cluster.query("CREATE ROLE parley_moderator NOLOGIN")
            }
            try await makeDatabase(cluster)
        }
    }

    private static func makeDatabase(_ cluster: PostgresClient) async throws {
        if try await cluster.query("SELECT 1 FROM pg_database WHERE datname = 'parley'").isEmpty {
            try await cluster.query("CREATE DATABASE parley OWNER parley")
        }
    }

    private static func exists(_ role: String, _ cluster: PostgresClient) async throws -> Bool {
        try await !cluster.query("SELECT 1 FROM pg_roles WHERE rolname = \(role)").isEmpty
    }

    /// Gives the server's role everything of Parley's in its database. `REASSIGN OWNED` refuses for the role that made
    /// the cluster, which owns the system catalogs as well. What belongs to extensions stays.
    private static let handOver: PostgresQuery = """
        DO $$
        DECLARE
            command text;
        BEGIN
            FOR command IN
                WITH own AS (
                    SELECT oid, nspname FROM pg_namespace
                    WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema'
                ), extended AS (
                    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
                )
                SELECT format('ALTER SCHEMA %I OWNER TO parley', nspname) FROM own WHERE nspname <> 'public'
                UNION ALL
                SELECT format('ALTER TABLE %s OWNER TO parley', c.oid::regclass) FROM pg_class c
                WHERE c.relnamespace IN (SELECT oid FROM own) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
                    AND ('pg_class'::regclass, c.oid) NOT IN (SELECT classid, objid FROM extended)
                    AND NOT (c.relkind = 'S' AND EXISTS (SELECT FROM pg_depend d
                        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')))
                UNION ALL
                SELECT format('ALTER ROUTINE %s OWNER TO parley', p.oid::regprocedure) FROM pg_proc p
                WHERE p.pronamespace IN (SELECT oid FROM own)
                    AND ('pg_proc'::regclass, p.oid) NOT IN (SELECT classid, objid FROM extended)
                UNION ALL
                SELECT format('ALTER TYPE %s OWNER TO parley', t.oid::regtype) FROM pg_type t
                WHERE t.typnamespace IN (SELECT oid FROM own) AND t.typrelid = 0 AND t.typelem = 0
                    AND t.typtype IN ('d', 'e', 'r')
                    AND ('pg_type'::regclass, t.oid) NOT IN (SELECT classid, objid FROM extended)
            LOOP
                EXECUTE command;
            END LOOP;
        END
        $$
        """

    /// Whether the role can log in. The owner of an older cluster cannot.
    private static func answers(_ connectionString: String) async -> Bool {
        let silent = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
        return await (try? with(connectionString, silent) { _ in }) != nil
    }

    private static func client(_ connectionString: String, logger: Logger) throws -> PostgresClient {
        var configuration = PostgresConfiguration(connectionString: connectionString)
        configuration.connections = 1
        configuration.transactionConnections = 0
        configuration.queryTimeout = .seconds(120)
        configuration.connectTimeout = .seconds(3)
        return try PostgresClient(configuration: configuration, logger: logger)
    }

    private static func with(
        _ connectionString: String, _ logger: Logger, _ body: (PostgresClient) async throws -> Void
    ) async throws {
        let client = try client(connectionString, logger: logger)
        do {
            try await client.start()
            try await body(client)
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }
}
