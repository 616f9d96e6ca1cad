import ChatModel
import Testing

@testable import ParleyServer

@Suite struct RateLimitsOperationTests {
    private let limits = RateLimits(isEnabled: true)
    private let now = ContinuousClock.now

    /// How many of so many are accepted at once.
    private func accepted(_ count: Int, _ charge: () throws(ChatError) -> Void) -> Int {
        (0..<count).filter { _ in
            do throws(ChatError) {
                try charge()
                return true
            } catch {
                return error.code != .rateLimited
            }
        }.count
    }

    @Test func anUnknownEventCostsATokenLikeAnyOther() {
        let user = UserID.make()
        #expect(
            accepted(1000) { () throws(ChatError) in try limits.charge(for: nil, bytes: 0, to: user, now: now) } == 600)
        #expect(throws: ChatError.self, "it spent the same allowance") {
            try limits.charge(for: .markRead, bytes: 0, to: user, now: now)
        }
    }

    @Test func anOperationSpendsItsOwnAllowance() {
        let user = UserID.make()
        let sent = accepted(1000) { () throws(ChatError) in
            try limits.charge(for: .sendMessage, bytes: 0, to: user, now: now)
        }
        #expect(sent == 200)
        #expect(throws: ChatError.self) { try limits.charge(for: .react, bytes: 0, to: user, now: now) }
        #expect(throws: Never.self) { try limits.charge(for: .joinGroup, bytes: 0, to: user, now: now) }
    }

    @Test func registrationsArePaidForByTheAddress() {
        let registered = accepted(1000) { () throws(ChatError) in
            try limits.charge(for: .register, bytes: 0, to: ClientAddress.unknown, now: now)
        }
        #expect(registered == 60)
        #expect(throws: Never.self) { try limits.charge(for: .logIn, bytes: 0, to: ClientAddress.unknown, now: now) }
    }

    @Test func readingIsPaidForBesides() {
        let user = UserID.make()
        let read = accepted(20) { () throws(ChatError) in
            try limits.charge(for: .sync, bytes: 1_000_000, to: user, now: now)
        }
        #expect(read == 8)
    }
}
