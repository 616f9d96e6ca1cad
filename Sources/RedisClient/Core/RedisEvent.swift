/// What a subscriber hears.
public enum RedisEvent: Sendable, Equatable {
    /// Redis has confirmed every channel. What was published before is lost.
    case subscribed
    case message(RedisMessage)
    /// Messages were dropped, because the reader was too slow.
    case missed
    /// The connection is gone; it is made again.
    case disconnected
}
