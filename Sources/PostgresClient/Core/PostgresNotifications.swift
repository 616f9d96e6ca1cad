public enum PostgresListenEvent: Sendable, Equatable {
    /// Listening now. What happened before is not told: the owner catches up from the database. Also sent when the
    /// reader was so slow that notifications had to be dropped, because the remedy is the same.
    case connected
    case notification(channel: String, payload: String)
}

/// Events of a connection that listens, for one reader. The connection is reopened when it breaks and is closed with
/// the last copy of the sequence. It ends when the client closes or the reading task is cancelled.
public struct PostgresNotifications: AsyncSequence, Sendable {
    let listening: Listening

    public func makeAsyncIterator() -> Iterator { Iterator(listening: listening) }

    public struct Iterator: AsyncIteratorProtocol {
        let listening: Listening

        public mutating func next() async -> PostgresListenEvent? { await listening.subscription.next() }

        public mutating func next(isolation actor: isolated (any Actor)?) async -> PostgresListenEvent? {
            await listening.subscription.next()
        }
    }
}
