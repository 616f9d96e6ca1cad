import ChatTesting
import Foundation
import PostgresClient
import Testing

@testable import ChatStore

@Suite struct SharedLimitStoreTests {
    /// Next to nothing comes back while a test runs.
    private func limit(_ key: UInt8, burst: Double) -> SharedLimitStore.Limit {
        .init(key: Data([key]), burst: burst, perSecond: 1 / 3600)
    }

    @Test func aBurstIsSpentOnceByAllServers() async throws {
        try await TestDatabase.run { database in
            let (few, many) = (limit(1, burst: 3), limit(2, burst: 100))
            try await database.onAnotherServer { other in
                let servers = [database, other].map { SharedLimitStore(database: $0.client) }
                for turn in 0..<3 {
                    #expect(try await servers[turn % 2].wait([few, many]) == nil)
                    try await servers[turn % 2].spend([few, many])
                }
                for server in servers {
                    let wait = try #require(try await server.wait([many, few]))
                    #expect((3000...3600).contains(wait))
                    #expect(try await server.wait([many]) == nil)
                }
            }
        }
    }

    @Test func whatComesBackMayBeSpentAgain() async throws {
        try await TestDatabase.run { database in
            let store = SharedLimitStore(database: database.client)
            let limit = limit(1, burst: 2)
            for _ in 0..<2 { try await store.spend([limit]) }
            #expect(try await store.wait([limit]) != nil)
            try await database.client.query("UPDATE shared_limits SET full_at = full_at - interval '61 minutes'")
            #expect(try await store.wait([limit]) == nil)
            try await store.spend([limit])
            #expect(try await store.wait([limit]) != nil)
        }
    }

    @Test func fullLimitsAreForgotten() async throws {
        try await TestDatabase.run { database in
            let store = SharedLimitStore(database: database.client)
            try await store.spend([limit(1, burst: 5)])
            try await store.spend([limit(2, burst: 5)])
            try await database.client.query(
                "UPDATE shared_limits SET full_at = now() - interval '1 second' WHERE key = '\\x01'")
            try await store.forgetFull()
            #expect(try await database.client.query("SELECT 1 FROM shared_limits").count == 1)
        }
    }

    @Test func serversThatSpendAtTheSameTimeNeverDeadlock() async throws {
        try await TestDatabase.run { database in
            let limits = (1...20).map { limit(UInt8($0), burst: 1e9) }
            try await database.onAnotherServer { one in
                try await database.onAnotherServer { other in
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for server in [one, other] {
                            group.addTask {
                                let store = SharedLimitStore(database: server.client)
                                for _ in 0..<60 { try await store.spend(limits.shuffled()) }
                            }
                        }
                        try await group.waitForAll()
                    }
                }
            }
        }
    }
}
