import Testing

@testable import PostgresClient

/// The parts that decide without doing any I/O.
@Suite struct MachineTests {
    private typealias TestPipeline = Pipeline<String, Int>

    private func finished(_ action: TestPipeline.Action) -> (work: String, outputs: [Int]?, failedAt: Int?)? {
        guard case .finish(let work, let result) = action else { return nil }
        switch result {
        case .success(let outputs): return (work, outputs, nil)
        case .failure(let failure): return (work, nil, failure.statement)
        }
    }

    private func isDesynchronized(_ action: TestPipeline.Action) -> Bool {
        if case .desynchronized = action { true } else { false }
    }

    @Test func answersGoToSegmentsInOrder() throws {
        var pipeline = TestPipeline()
        pipeline.sent("a", statements: 2)
        pipeline.sent("b", statements: 1)
        #expect(finished(pipeline.receive(.output(1))) == nil)
        #expect(finished(pipeline.receive(.output(2))) == nil)
        let a = try #require(finished(pipeline.receive(.synchronized)))
        #expect(a.work == "a")
        #expect(a.outputs == [1, 2])
        _ = pipeline.receive(.output(3))
        #expect(finished(pipeline.receive(.synchronized))?.outputs == [3])
        #expect(pipeline.isEmpty)
    }

    @Test func aFailureEndsItsSegmentOnly() throws {
        var pipeline = TestPipeline()
        pipeline.sent("a", statements: 3)
        pipeline.sent("b", statements: 1)
        _ = pipeline.receive(.output(1))
        _ = pipeline.receive(.failed(.unavailable))
        _ = pipeline.receive(.aborted)
        #expect(finished(pipeline.receive(.synchronized))?.failedAt == 1)
        _ = pipeline.receive(.output(9))
        #expect(finished(pipeline.receive(.synchronized))?.outputs == [9])
    }

    @Test func aFailureAtTheCommitComesAfterEveryStatement() {
        var pipeline = TestPipeline()
        pipeline.sent("a", statements: 1)
        _ = pipeline.receive(.output(1))
        _ = pipeline.receive(.failed(.unavailable))
        #expect(finished(pipeline.receive(.synchronized))?.failedAt == 1)
    }

    @Test func answersOutOfStepAreNoticed() {
        var pipeline = TestPipeline()
        #expect(isDesynchronized(pipeline.receive(.synchronized)))
        pipeline.sent("a", statements: 1)
        #expect(isDesynchronized(pipeline.receive(.aborted)))
        _ = pipeline.receive(.output(1))
        #expect(isDesynchronized(pipeline.receive(.output(2))))
        pipeline.sent("b", statements: 1)
        _ = pipeline.receive(.synchronized)
        #expect(isDesynchronized(pipeline.receive(.synchronized)))
    }

    @Test func theLeastRecentlyUsedStatementGivesWay() {
        var cache = StatementCache(capacity: 2)
        func key(_ sql: String) -> PreparedStatement.Key { .init(sql: sql, types: []) }
        let a = cache.use(key("a"))
        #expect(a.isNew)
        let b = cache.use(key("b"))
        #expect(!cache.use(key("a")).isNew)
        _ = cache.use(key("c"))
        #expect(cache.takeDiscarded() == [b.statement.name])
        #expect(cache.takeDiscarded().isEmpty)
        #expect(!cache.use(key("a")).isNew)
        let again = cache.use(key("b"))
        #expect(again.isNew)
        #expect(again.statement.name != b.statement.name)
    }

    @Test func aStatementThatWasNeverPreparedIsNotDeallocated() {
        var cache = StatementCache(capacity: 2)
        let failed = cache.use(.init(sql: "a", types: [])).statement
        failed.failure = .unavailable
        cache.remove(failed)
        #expect(cache.takeDiscarded().isEmpty)
        #expect(cache.use(.init(sql: "a", types: [])).isNew)
    }

    @Test func backoffGrowsToTwoSecondsWithJitter() {
        let full = (0..<8).map { Backoff.delay(afterFailures: $0, jitter: 0) }
        #expect(full == [100, 200, 400, 800, 1600, 2000, 2000, 2000].map { .milliseconds($0) })
        #expect(Backoff.delay(afterFailures: 0, jitter: 1) == .milliseconds(50))
        #expect(Backoff.delay(afterFailures: .max, jitter: 0.5) == .milliseconds(1500))
    }

    @Test func aSlowListenerIsToldToCatchUp() async {
        let subscription = Subscription(channels: [], maxEvents: 2)
        subscription.yield(.connected)
        subscription.yield(.notification(channel: "a", payload: "1"))
        subscription.yield(.notification(channel: "a", payload: "2"))
        #expect(await subscription.next() == .connected)
        subscription.yield(.notification(channel: "a", payload: "3"))
        #expect(await subscription.next() == .notification(channel: "a", payload: "3"))
        subscription.finish()
        #expect(await subscription.next() == nil)
    }
}
