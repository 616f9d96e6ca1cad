import ChatModel
import Media
import Synchronization

/// Makes copies of pictures one at a time for each content, and remembers which cannot be made.
final class PictureCopies: Sendable {
    /// With one more, all are forgotten and tried again.
    private static let capacity = 10_000

    private let making = KeyedLock<BlobID>()
    private let impossible = Mutex<Set<BlobID>>([])

    /// The copy that `find` finds. If there is none, `make` makes it first, for all who ask meanwhile.
    /// - Parameter make: Returns whether it could be made.
    /// - Returns: Nil if it cannot be made.
    func callAsFunction<Copy: Sendable>(
        _ id: BlobID, find: @Sendable () async throws -> Copy?, make: @Sendable () async throws -> Bool
    ) async throws -> Copy? {
        if let copy = try await find() { return copy }
        return try await making.withLock(id) {
            if let copy = try await find() { return copy }
            if impossible.withLock({ $0.contains(id) }) { return nil }
            if try await make() { return try await find() }
            impossible.withLock { impossible in
                if impossible.count >= Self.capacity { impossible = [] }
                impossible.insert(id)
            }
            return nil
        }
    }
}
