import Media
import PostgresClient
import Testing

@testable import ParleyServer

@Suite struct ConcurrencyTests {
    /// Passwords, workers, files, message lanes, mark lanes, connections, connections for transactions.
    private func numbers(_ cores: Int) -> [Int] {
        let it = Concurrency(cores: cores)
        return [
            it.passwordThreads, it.mediaWorkers, it.fileThreads, it.messageLanes, it.markLanes, it.databaseConnections,
            it.transactionConnections,
        ]
    }

    @Test func defaultsFollowTheCores() {
        #expect(numbers(1) == [2, 3, 4, 2, 1, 4, 8])
        #expect(numbers(8) == [2, 4, 4, 2, 1, 4, 8])
        #expect(numbers(32) == [8, 16, 16, 8, 4, 10, 10])
        #expect(numbers(64) == [16, 32, 32, 16, 8, 18, 18])
        #expect(numbers(256) == [64, 128, 32, 16, 16, 18, 18])
    }

    @Test func everyNumberCanBeSet() async throws {
        let names = [
            "PASSWORD_THREADS", "MEDIA_WORKERS", "FILE_THREADS", "MESSAGE_LANES", "MARK_LANES", "DATABASE_CONNECTIONS",
        ]
        let settings = Dictionary(uniqueKeysWithValues: zip(names, 11...).map { ($0, "\($1)") })
        let set = try await ServerConfiguration.load(environment: settings, file: "/nonexistent/.env").concurrency
        #expect(
            [
                set.passwordThreads, set.mediaWorkers, set.fileThreads, set.messageLanes, set.markLanes,
                set.databaseConnections,
            ] == Array(11...16))
        for name in names {
            for value in ["0", "101", "many"] {
                await #expect(throws: OperatorError.self) {
                    _ = try await ServerConfiguration.load(environment: [name: value], file: "/nonexistent/.env")
                }
            }
        }
    }

    @Test func moreLanesBringMoreConnections() async throws {
        let set = try await ServerConfiguration.load(environment: ["MESSAGE_LANES": "9"], file: "/nonexistent/.env")
        #expect(set.concurrency.databaseConnections == 11)
    }

    @Test func settingsReachWhatTheyBound() async throws {
        let settings = ["MEDIA_WORKERS": "7", "FILE_THREADS": "5", "DATABASE_CONNECTIONS": "12"]
        let set = try await ServerConfiguration.load(environment: settings, file: "/nonexistent/.env")
        let media = MediaConfiguration.parley(set)
        #expect([media.workers, media.ioThreads] == [7, 5])
        let database = PostgresConfiguration.parley("host=nowhere", set.concurrency)
        #expect([database.connections, database.transactionConnections] == [12, 12])
    }
}
