public import NIOCore

/// A value of the Redis serialization protocol, version 2 (RESP).
public enum RESPValue: Sendable, Equatable {
    /// A short text without line ends, such as `OK`.
    case simple(String)
    /// The server's refusal. Its first word says what kind it is.
    case error(String)
    case integer(Int)
    case bulk(ByteBuffer)
    case array([RESPValue])
    case null
}
