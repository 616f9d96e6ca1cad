public import NIOCore
public import NIOHTTP1

/// The application's decision about a request, before any endpoint or handler sees it.
public struct HTTPScreening: Sendable {
    /// An answer that replaces the endpoint's or the application's. The connection ends with it.
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

    /// Called with each head, which it may normalize, and with the connection's peer. On the connection's event loop.
    ///
    /// - Returns: nil to pass the request on.
    public var screen: @Sendable (inout HTTPRequestHead, SocketAddress?) -> Answer?
    /// The answer to a malformed head or body: 400, or 431 for a head that is too long.
    public var unreadable: @Sendable (HTTPResponseStatus, SocketAddress?) -> Answer

    /// By default every well-formed head is accepted, and others are answered with the bare status.
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
