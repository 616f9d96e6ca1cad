/// Lets one task at a time work on what a key names; the others wait in order. A key that nobody holds takes no memory.
package actor KeyedLock<Key: Hashable & Sendable> {
    private var waiting: [Key: [CheckedContinuation<Void, Never>]] = [:]

    package init() {}

    package func withLock<Value: Sendable>(
        _ key: Key, _ body: @Sendable () async throws -> Value
    ) async rethrows -> Value {
        await take(key)
        defer { release(key) }
        return try await body()
    }

    /// As `withLock(_:_:)`, with bounds, for work that clients can pile up. A task whose turn comes after the deadline
    /// passes it on at once.
    /// - Throws: `unavailable` when `maximum` others wait already, or the turn comes after `deadline`.
    package func withLock<Value: Sendable>(
        _ key: Key, behindAtMost maximum: Int, until deadline: ContinuousClock.Instant,
        _ body: @Sendable () async throws -> Value
    ) async throws -> Value {
        guard waiting[key].map({ $0.count < maximum }) ?? true else { throw ChatError.unavailable }
        await take(key)
        defer { release(key) }
        guard ContinuousClock.now < deadline else { throw ChatError.unavailable }
        return try await body()
    }

    private func take(_ key: Key) async {
        if waiting[key] == nil {
            waiting[key] = []
        } else {
            await withCheckedContinuation { waiting[key]?.append($0) }
        }
    }

    private func release(_ key: Key) {
        guard var line = waiting[key], !line.isEmpty else {
            waiting[key] = nil
            return
        }
        let next = line.removeFirst()
        waiting[key] = line
        next.resume()
    }
}
