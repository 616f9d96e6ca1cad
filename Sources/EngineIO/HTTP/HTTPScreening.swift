public import NIOCore
public import NIOHTTP1

/// What an application has to say about a request before any endpoint or handler sees it.
public struct HTTPScreening: Sendable {
    /// An answer in the place of whoever the request was for. Its connection ends with it.
    public struct Answer: Sendable {
        public var status: HTTPResponseStatus
        public var headers: HTTPHeaders
        public var body: ByteBuffer

        public init(status: HTTPResponseStatus, headers: HTTPHeaders = [:], body: ByteBuffer = ByteBuffer()) {
            self.status = status
            self.headers = headers
            self.body = body
        }
    }

    /// Called with each head, which it may put in order, and the connection's peer. On the connection's event loop.
    ///
    /// - Returns: nil for a request that goes on to whom it is for.
    public var screen: @Sendable (inout HTTPRequestHead, SocketAddress?) -> Answer?
    /// The answer to a head or an endpoint's body that cannot be read: 400, or 431 for a head that is too long.
    public var unreadable: @Sendable (HTTPResponseStatus, SocketAddress?) -> Answer

    /// Without closures every readable head is welcome, and the others are answered with nothing but the status.
    public init(
        screen: @escaping @Sendable (inout HTTPRequestHead, SocketAddress?) -> Answer? = { _, _ in nil },
        unreadable: @escaping @Sendable (HTTPResponseStatus, SocketAddress?) -> Answer = { status, _ in
            Answer(status: status)
        }
    ) {
        self.screen = screen
        self.unreadable = unreadable
    }
}
