/// Publishing and subscribing, at most once. This protocol is all that the bus knows of Redis.
public protocol PubSub: Sendable {
    /// Whether every channel is subscribed to, and publishing is possible.
    var isUp: Bool { get }
    /// Messages that were received, but dropped because the reader was too slow.
    var dropped: Int { get }

    /// Returns when the messages are with the server, in their order, and throws at once while there is no connection.
    func publish(_ messages: [RedisMessage]) async throws(RedisError)

    /// Keeps the connections until the task is canceled. `receive` gets what was heard, one after the other.
    func run(_ receive: @escaping @Sendable (RedisEvent) async -> Void) async
}
