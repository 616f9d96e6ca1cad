import Foundation
import PostgresClient

extension PostgresConfiguration {
    /// For the server's own work.
    static func parley(_ connectionString: String, _ concurrency: Concurrency = Concurrency()) -> PostgresConfiguration
    {
        var configuration = PostgresConfiguration(connectionString: connectionString)
        // Whatever meets a locked row is tried again (`ChangeQueue`, `MessageLane`), so nothing queues behind the lock.
        configuration.lockTimeout = .milliseconds(250)
        // A server that is frozen inside of a transaction holds a conversation's row, for which the others wait.
        configuration.idleTransactionTimeout = .seconds(5)
        configuration.connections = concurrency.databaseConnections
        configuration.transactionConnections = concurrency.transactionConnections
        configuration.sessionParameters = [
            // Moderation's triggers skip what the server itself writes.
            "parley.server": "on",
            // Compiling a query takes longer than any of these queries.
            "jit": "off",
            // The default is a spinning disk's, for which the planner reads whole tables. Here a page found by an index
            // costs hardly more than the next one of a table.
            "random_page_cost": "1.1",
            // A plan is made once. By default PostgreSQL plans each small batch of messages again, which takes three
            // times as long as storing it. The few queries whose best plan depends on their values say so themselves.
            "plan_cache_mode": "force_generic_plan",
        ]
        return configuration
    }

    /// For searches.
    static func searches(_ connectionString: String) -> PostgresConfiguration {
        var configuration = reading(
            connectionString, connections: max(2, min(4, ProcessInfo.processInfo.activeProcessorCount / 2)))
        // The planner guesses how common a word is, and for a common one would read a whole table.
        configuration.sessionParameters["enable_seqscan"] = "off"
        return configuration
    }

    /// For lists of somebody's conversations and files.
    static func lists(_ connectionString: String) -> PostgresConfiguration { reading(connectionString, connections: 4) }

    /// For questions that may take long: one at a time on each of a few connections, for at most a few seconds, and
    /// without parallel workers.
    private static func reading(_ connectionString: String, connections: Int) -> PostgresConfiguration {
        var configuration = parley(connectionString)
        configuration.connections = connections
        configuration.transactionConnections = 0
        configuration.maxPipelinedQueries = 1
        configuration.queryTimeout = .seconds(3)
        configuration.sessionParameters["max_parallel_workers_per_gather"] = "0"
        return configuration
    }
}
