import ChatModel
import ChatStore
import ClusterBus
import Foundation
import Logging
import NIOPosix
import PostgresClient
import RedisClient

/// What joins this server to the others of its database, with connections of its own.
enum ServerBus {
    /// Runs `body` with the bus, and closes its connections whatever becomes of it.
    /// - Parameter body: Gets nil where no other server can run on the database.
    static func withBus(
        _ configuration: ServerConfiguration, _ secrets: Secrets, _ connectionString: String, logger: Logger,
        _ body: (CarriedBus?) async throws -> Void
    ) async throws {
        // A private database has one server.
        guard configuration.databaseURL != nil else { return try await body(nil) }
        let client = try PostgresClient(configuration: .bus(connectionString), logger: logger)
        do {
            try await client.start()
            let bus = try await CarriedBus.open(
                NodeIdentity(number: 0, epoch: UUID()), store: BusStore(database: client),
                redis: try configuration.busURL.map { try RedisConfiguration(url: $0) },
                secrets: [secrets.current, secrets.previous].compactMap { $0 },
                group: MultiThreadedEventLoopGroup.singleton, logger: logger)
            try await body(bus)
        } catch {
            await client.close()
            throw error
        }
        await client.close()
    }
}

extension PostgresConfiguration {
    /// For what servers tell each other: a notification inside a transaction that stores something would make others wait.
    fileprivate static func bus(_ connectionString: String) -> PostgresConfiguration {
        var configuration = PostgresConfiguration(connectionString: connectionString, applicationName: "parley bus")
        configuration.connections = 1
        configuration.transactionConnections = 0
        configuration.sessionParameters = BusStore.sessionParameters
        return configuration
    }
}
