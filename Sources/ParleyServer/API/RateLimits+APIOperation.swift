import ChatModel

extension RateLimits {
    /// Spends what an operation costs a user, the same by REST and as an event.
    /// - Parameters:
    ///   - operation: nil for what is none, an unknown path or event. It costs a token like any other.
    ///   - bytes: Of JSON that has to be read for it.
    func charge(
        for operation: APIOperation?, bytes: Int, to user: UserID, now: ContinuousClock.Instant = .now
    ) throws(ChatError) {
        try spendReading(bytes: bytes, of: .user(user), now: now)
        try spend(operation?.limit ?? .requests, of: .user(user), now: now)
    }

    /// Spends what an operation costs an address, where nobody is signed in or the address pays in any case.
    func charge(
        for operation: APIOperation?, bytes: Int, to address: ClientAddress, now: ContinuousClock.Instant = .now
    ) throws(ChatError) {
        try spendReading(bytes: bytes, of: .address(address), now: now)
        let rule = operation.flatMap { $0.isPaidByAddress ? $0.limit : nil } ?? .anonymousRequests
        try spend(rule, of: .address(address), now: now)
    }
}
