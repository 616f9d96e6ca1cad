/// Why something with Redis did not work.
public struct RedisError: Error, Equatable, CustomStringConvertible {
    public enum Code: Sendable, Equatable {
        case invalidURL
        /// There is no connection.
        case unavailable
        /// More waits already than is allowed.
        case queueFull
        /// The server answered with an error.
        case refused
        /// The server does not speak the protocol.
        case malformed
        /// Nothing came for too long.
        case unresponsive
    }

    public var code: Code
    /// What is wrong, for whoever runs the server.
    public var detail: String

    public init(_ code: Code, _ detail: String) {
        self.code = code
        self.detail = detail
    }

    public var description: String { detail }
}
