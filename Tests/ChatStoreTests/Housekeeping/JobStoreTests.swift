import ChatTesting
import Testing

@testable import ChatStore

@Suite struct JobStoreTests {
    @Test func oneServerAtATimeTakesAJobThatIsDue() async throws {
        try await TestDatabase.run { database in
            let jobs = database.stores.jobs
            try await database.onAnotherServer { other in
                let turn = try #require(try await jobs.take("sweep", lease: .seconds(60)))
                #expect(try await other.stores.jobs.take("sweep", lease: .seconds(60)) == nil)
                #expect(try await other.stores.jobs.take("another", lease: .seconds(60)) != nil)
                try await jobs.end(turn, pause: .seconds(3600))
                #expect(try await other.stores.jobs.take("sweep", lease: .seconds(60)) == nil, "it is not due")
                try await other.stores.jobs.makeAllDue()
                #expect(try await other.stores.jobs.take("sweep", lease: .seconds(60)) != nil)
            }
        }
    }

    @Test func ofManyWhoComeAtOnceOneTakesIt() async throws {
        try await TestDatabase.run { database in
            let taken = try await withThrowingTaskGroup { group in
                for _ in 0..<20 {
                    group.addTask { try await database.stores.jobs.take("sweep", lease: .seconds(60)) != nil }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(taken == 1)
        }
    }

    @Test func theJobOfAServerThatDiedIsTakenByAnother() async throws {
        try await TestDatabase.run { database in
            let jobs = database.stores.jobs
            let dead = try #require(try await jobs.take("sweep", lease: .zero))
            let turn = try #require(try await jobs.take("sweep", lease: .seconds(60)))
            #expect(try await !jobs.extend(dead, by: .seconds(3600)), "it is another server's turn")
            try await jobs.end(dead, pause: .zero)
            #expect(try await jobs.take("sweep", lease: .seconds(60)) == nil)
            #expect(try await jobs.extend(turn, by: .zero))
            #expect(try await jobs.take("sweep", lease: .seconds(60)) != nil, "nobody extended it")
        }
    }
}
