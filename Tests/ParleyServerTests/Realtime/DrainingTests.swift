import Testing

@testable import ParleyServer

@Suite struct DrainingTests {
    private func waiting() -> Task<Void, Never> { Task { try? await Task.sleep(for: .seconds(3600)) } }

    /// Its sockets are about to go to others: none may come back.
    @Test func aServerThatStopsTakesNoSocketsBack() {
        let draining = Draining()
        let (first, second) = (waiting(), waiting())
        defer { second.cancel() }
        draining.change { first }
        draining.change { second }
        #expect(first.isCancelled && !second.isCancelled)
        draining.stop()
        draining.change {
            Issue.record("it is stopping")
            return nil
        }
        #expect(!second.isCancelled)
    }
}
