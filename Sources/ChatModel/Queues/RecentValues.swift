import Synchronization

/// Remembers what was worked out for the keys that were asked for lately. Only for values that follow from their key: then
/// nothing here is ever out of date.
///
/// There are two generations. A value that is asked for again comes to the young one; when that is full, it becomes the
/// old one, and what was old is forgotten. So what is in use stays, and nothing is sorted.
package final class RecentValues<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct State {
        var young: [Key: Value] = [:]
        var old: [Key: Value] = [:]
    }

    private let maxEach: Int
    private let state = Mutex(State())

    /// - Parameter max: How many are remembered at most.
    package init(max: Int) { maxEach = Swift.max(1, max / 2) }

    package var count: Int { state.withLock { $0.young.count + $0.old.count } }

    /// - Parameter make: Called without a lock. Two who ask at once may both call it.
    package func value(of key: Key, _ make: () throws -> Value) rethrows -> Value {
        if let known = find(key) { return known }
        let value = try make()
        _ = state.withLock { insert(value, of: key, into: &$0) }
        return value
    }

    private func find(_ key: Key) -> Value? {
        let (value, _) = state.withLock { state -> (Value?, [Key: Value]) in
            if let value = state.young[key] { return (value, [:]) }
            guard let value = state.old.removeValue(forKey: key) else { return (nil, [:]) }
            return (value, insert(value, of: key, into: &state))
        }
        return value
    }

    /// - Returns: What is forgotten, so that its memory is freed without the lock.
    private func insert(_ value: Value, of key: Key, into state: inout State) -> [Key: Value] {
        var forgotten: [Key: Value] = [:]
        if state.young.count >= maxEach {
            forgotten = state.old
            state.old = state.young
            state.young = [:]
        }
        state.young[key] = value
        return forgotten
    }
}
