import Testing

@testable import PostgresClient

@Suite struct PipelineTests {
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
}
