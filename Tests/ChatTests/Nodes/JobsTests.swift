import ChatStore
import ChatTesting
import Testing

@testable import Chat

@Suite struct JobsTests {
    private struct Failure: Error {}
    private static let hourly = Jobs.Job(name: "hourly", period: .seconds(3600), lease: .seconds(60))

    @Test func workIsDoneOnceInItsPeriod() async throws {
        try await TestDatabase.run { database in
            let jobs = Jobs(store: database.stores.jobs)
            let isDone = try await jobs.attempt(Self.hourly) {
                let another = try await jobs.attempt(Self.hourly) { Issue.record("another server is at it") }
                #expect(!another)
            }
            #expect(isDone)
            let again = try await jobs.attempt(Self.hourly) { Issue.record("it is not due") }
            #expect(!again)
        }
    }

    @Test func workThatFailedOrWasCancelledIsDueAgain() async throws {
        try await TestDatabase.run { database in
            let jobs = Jobs(store: database.stores.jobs)
            await #expect(throws: Failure.self) { try await jobs.attempt(Self.hourly) { throw Failure() } }
            let stopping = Task {
                try await jobs.attempt(Self.hourly) { withUnsafeCurrentTask { $0?.cancel() } }
            }
            await #expect(throws: CancellationError.self) { try await stopping.value }
            let again = try await jobs.attempt(Self.hourly) {}
            #expect(again)
        }
    }
}
