internal import Foundation
internal import Synchronization

/// The database's clock, which all nodes share, as far as this node can tell.
package final class DatabaseClock: Sendable {
    private let offset = Atomic<Int64>(0)

    package init() {}

    /// Microseconds since 1970.
    package var now: Int64 { Self.local + offset.load(ordering: .relaxed) }

    /// The local clock, in microseconds since 1970.
    package static var local: Int64 { Int64(Date().timeIntervalSince1970 * 1_000_000) }

    /// The database said `time` at some moment between two of ours.
    package func set(_ time: Int64, asked: Int64, answered: Int64) {
        offset.store(time - (asked + answered) / 2, ordering: .relaxed)
    }
}
