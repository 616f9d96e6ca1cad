import ChatModel
import Testing

@testable import Chat

@Suite struct PasswordTurnsTests {
    private func share(_ source: UInt8, _ name: String, isKnown: Bool = false) -> PasswordTurns.Share {
        .init(isKnown: isKnown, source: [source], name: name)
    }

    /// Begins `shares` one after another, so that they wait in this order, and says in which they had their turns.
    private func order(_ shares: [PasswordTurns.Share]) async throws -> [String] {
        let turns = PasswordTurns(atOnce: 1)
        try await turns.begin(share(0, "holds the only place"))
        let (stream, continuation) = AsyncStream.makeStream(of: String.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, share) in shares.enumerated() {
                group.addTask {
                    do {
                        try await turns.begin(share)
                    } catch {
                        return
                    }
                    continuation.yield(share.name)
                    turns.end()
                }
                while turns.waitingCount <= index { await Task.yield() }
            }
            turns.end()
            try await group.waitForAll()
        }
        continuation.finish()
        return await stream.reduce(into: []) { $0.append($1) }
    }

    @Test func aFloodWaitsBehindItself() async throws {
        let flood = (0..<16).map { _ in share(1, "mallory") }
        #expect(try await order(flood + [share(2, "ana")]).firstIndex(of: "ana") == 1, "from elsewhere")
        #expect(try await order(flood + [share(1, "ana")]).firstIndex(of: "ana") == 1, "another name from there")
    }

    @Test func whoIsKnownDoesNotWaitForManyAddresses() async throws {
        let flood = (1..<60).map { share($0, "name\($0)") }
        let order = try await order(flood + [share(100, "ana", isKnown: true)])
        #expect(order.firstIndex(of: "ana") == 1)
    }

    @Test func moreThanAShareIsRefusedAndOthersComeIn() async throws {
        let turns = PasswordTurns(atOnce: 1)
        try await turns.begin(share(0, "holds the only place"))
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for _ in 0..<200 {
                group.addTask {
                    do {
                        try await turns.begin(self.share(1, "mallory"))
                    } catch {
                        return (error as? ChatError)?.code == .unavailable && (error as? ChatError)?.retryAfter != nil
                    }
                    return false
                }
            }
            for _ in 0..<184 {
                let isRefused = try await group.next()
                #expect(isRefused == true)
            }
            group.addTask {
                try await turns.begin(self.share(2, "ana"))
                return true
            }
            while turns.waitingCount < 17 { await Task.yield() }
            turns.stop()
            try? await group.waitForAll()
        }
    }

    @Test func stoppingRefusesWhatWaitsAndWhatComes() async throws {
        let turns = PasswordTurns(atOnce: 1)
        try await turns.begin(share(0, "holds the only place"))
        let waiting = Task { try await turns.begin(share(1, "ana")) }
        while turns.waitingCount < 1 { await Task.yield() }
        turns.stop()
        await #expect(throws: ChatError.self) { try await waiting.value }
        await #expect(throws: ChatError.self) { try await turns.begin(share(1, "bo")) }
        turns.end()
    }
}
