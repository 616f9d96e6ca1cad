public enum PostgresListenEvent: Sendable, Equatable {
    /// Listening has started. Earlier notifications are lost, so the owner must catch up from the database. Also sent
    /// after notifications were dropped for a slow reader, because the remedy is the same.
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
