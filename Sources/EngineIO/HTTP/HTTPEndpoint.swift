import NIOCore

/// Answers the requests at a path, on the connection's event loop.
protocol HTTPEndpoint: Sendable {
    func matches(path: Substring) -> Bool
    /// The limit of a request body in bytes. A larger body is answered by `refuseBody`.
    var maxBodySize: Int { get }
    func receive(_ exchange: HTTPExchange, body: ByteBuffer)
    /// Answers a request whose body is too large.
    func refuseBody(_ exchange: HTTPExchange)
}
