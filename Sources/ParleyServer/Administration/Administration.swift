import Chat
import ChatModel
import ChatStore
import Foundation
public import Logging
import PostgresClient

/// What an operator does by commands, whether a server is running on the storage or not.
public enum Administration {
    /// Runs `body` on the configured database or on the private one, which is started for it unless a server runs it.
    static func withDatabase<Value: Sendable>(
        _ configuration: ServerConfiguration, logger: Logger, mayBegin: Bool = false,
        _ body: (_ connectionString: String) async throws -> Value
    ) async throws -> Value {
        if let url = configuration.databaseURL { return try await body(url) }
        if !mayBegin { try requireStorage(configuration) }
        let storage = configuration.storageDirectory
        let lock: StorageLock
        do {
            lock = try StorageLock(storage)
        } catch {
            let cluster = try PrivateCluster(storage: storage)
            guard !mayBegin, let running = cluster.postmaster, cluster.worksHere(running.pid) else { throw error }
            return try await body(
                cluster.connectionString(database: ClusterRoles.server, socketDirectory: running.socketDirectory))
        }
        defer { withExtendedLifetime(lock) {} }
        return try await EmbeddedPostgres.withDatabase(configuration, logger: logger, body)
    }

    /// Refuses a storage directory without a private cluster, where that is the database.
    static func requireStorage(_ configuration: ServerConfiguration) throws(OperatorError) {
        let storage = configuration.storageDirectory
        guard configuration.databaseURL == nil,
            !FileManager.default.fileExists(atPath: storage.appending(path: "postgres/PG_VERSION").path)
        else { return }
        throw OperatorError(
            "STORAGE_DIR: \(storage.path) holds no Parley; start the server or restore a backup first")
    }

    /// Like `withDatabase`, with a connected client.
    static func withClient<Value: Sendable>(
        _ configuration: ServerConfiguration, logger: Logger, _ body: (PostgresClient) async throws -> Value
    ) async throws -> Value {
        try await withDatabase(configuration, logger: logger) { connectionString in
            try await withClient(connectionString, logger: logger, body)
        }
    }

    static func withClient<Value: Sendable>(
        _ connectionString: String, logger: Logger, _ body: (PostgresClient) async throws -> Value
    ) async throws -> Value {
        try await withClient(commandSettings(connectionString), logger: logger, body)
    }

    static func commandSettings(_ connectionString: String) -> PostgresConfiguration {
        var settings = PostgresConfiguration(connectionString: connectionString, applicationName: "parley-command")
        settings.connections = 1
        settings.transactionConnections = 1
        settings.queryTimeout = .seconds(3600)
        // A lock that somebody holds in SQL is reported instead of waited for.
        settings.lockTimeout = .seconds(10)
        return settings
    }

    static func withClient<Value: Sendable>(
        _ settings: PostgresConfiguration, logger: Logger, _ body: (PostgresClient) async throws -> Value
    ) async throws -> Value {
        let client = try PostgresClient(configuration: settings, logger: logger)
        do {
            try await client.start()
            let value = try await body(client)
            await client.close()
            return value
        } catch {
            await client.close()
            throw error
        }
    }

    // MARK: Accounts

    public static func createUser(
        _ name: String, displayName: String?, password: String, _ configuration: ServerConfiguration, logger: Logger
    ) async throws {
        try await administer(configuration, logger) {
            try await $0.create(name, displayName: displayName, password: password)
        }
    }

    public static func setEnabled(
        _ isEnabled: Bool, user name: String, _ configuration: ServerConfiguration, logger: Logger
    ) async throws {
        try await administer(configuration, logger) {
            if isEnabled { try await $0.enable(name) } else { try await $0.disable(name) }
        }
    }

    public static func resetPassword(
        of name: String, to password: String, _ configuration: ServerConfiguration, logger: Logger
    ) async throws {
        try await administer(configuration, logger) { try await $0.resetPassword(name, to: password) }
    }

    private static func administer(
        _ configuration: ServerConfiguration, _ logger: Logger,
        _ body: (AccountAdministration) async throws -> Void
    ) async throws {
        try await withClient(configuration, logger: logger) { client in
            let administration = AccountAdministration(stores: Stores(database: client))
            do {
                try await body(administration)
            } catch {
                await administration.shutdown()
                guard let refusal = error as? ChatError else { throw error }
                throw OperatorError(refusal.detail)
            }
            await administration.shutdown()
        }
    }

    /// Settings of each session of a moderator, so that a forgotten COMMIT ends by itself.
    private static let moderatorSettings = ["idle_in_transaction_session_timeout": "60s", "lock_timeout": "5s"]

    /// Makes a user a moderator: a PostgreSQL role that can log in and use the schema `moderation`.
    /// - Parameter password: of letters, digits and - only.
    /// - Returns: the name by which that role logs in.
    public static func promote(
        _ name: String, password: String, _ configuration: ServerConfiguration, logger: Logger
    ) async throws -> String {
        try await withDatabase(configuration, logger: logger) { connectionString in
            let connectionString =
                configuration.databaseURL != nil
                ? connectionString : try PrivateCluster(storage: configuration.storageDirectory).ownersConnectionString
            return try await withClient(connectionString, logger: logger) { client in
                guard let userName = Accounts.userName(name),
                    try await !client.query("SELECT 1 FROM users WHERE username = \(userName)").isEmpty
                else {
                    throw OperatorError("there is no user \(name)")
                }
                guard try await !client.query("SELECT 1 FROM pg_roles WHERE rolname = 'parley_moderator'").isEmpty
                else {
                    throw OperatorError("this database has no role parley_moderator; run parley migrate first")
                }
                let role = "moderator_\(userName)"
                // A user name consists of letters, digits and _ . - only. Quoted, it is an identifier.
                let quoted = "\"\(role)\""
                if try await client.query("SELECT 1 FROM pg_roles WHERE rolname = \(role)").isEmpty {
                    try await client.query("CREATE ROLE \(unescaped: quoted)")
                }
                var statements: [PostgresQuery] = [
                    "ALTER ROLE \(unescaped: quoted) LOGIN PASSWORD '\(unescaped: password)'",
                    "GRANT parley_moderator TO \(unescaped: quoted)",
                ]
                for (setting, value) in moderatorSettings {
                    statements.append(
                        "ALTER ROLE \(unescaped: quoted) SET \(unescaped: setting) = '\(unescaped: value)'")
                }
                try await client.atomically(statements)
                return role
            }
        }
    }
}
