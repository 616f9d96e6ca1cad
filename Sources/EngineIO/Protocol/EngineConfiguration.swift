public import NIOCore

/// How an Engine.IO server behaves. The defaults are the reference server's where it has the option.
public struct EngineConfiguration: Sendable {
    public enum Transport: String, Sendable, CaseIterable {
        case polling, websocket
    }

    /// Decides about a handshake, over either transport, before a session exists: nil accepts it.
    public typealias Admission = @Sendable (HandshakeRequest) async -> HandshakeRefusal?

    /// The request path that is answered. A trailing slash is added where it is missing, as the reference server does.
    public var path: String
    /// How long after the handshake, and after each pong, the server sends a ping.
    public var pingInterval: TimeAmount = .seconds(25)
    /// How long the server waits for a pong before it ends the session.
    public var pingTimeout: TimeAmount = .seconds(20)
    /// Bytes of one WebSocket message, of one POST body, and of one poll's answer where it has several packets.
    public var maxPayload = 1_000_000
    /// Bytes that may wait for one client, in the kernel's buffer too; a client that lets more pile up is disconnected as
    /// slow. One message may be larger.
    public var maxOutboundBytes = 1 << 20
    /// Packets in one POST body.
    public var maxInboundPackets = 10_000
    /// Packets in one poll's answer. Some clients refuse more than 16.
    public var maxPacketsPerPoll = 16
    public var transports: Set<Transport> = Set(Transport.allCases)
    /// How long a WebSocket may take to replace polling.
    public var upgradeTimeout: TimeAmount = .seconds(10)
    /// How long a closing session waits for the client's part before it is simply dropped.
    public var closeTimeout: TimeAmount = .seconds(3)
    /// Which origins a browser lets read the answers.
    public var cors: CORSPolicy = .sameOrigin
    public var permessageDeflate: PermessageDeflate = .disabled
    /// Decides at once who may open a session, before `admission`. Called on an event loop.
    public var screening: (@Sendable (HandshakeRequest) -> Screening)?
    /// Called with each request that is refused for what it asks, an unknown session, say: may refuse it for another
    /// reason. Called on an event loop.
    public var refusing: (@Sendable (HandshakeRequest) -> HandshakeRefusal?)?
    public var admission: Admission?
    /// Handshakes whose admission may be under way at once; more are answered 503.
    public var maxPendingHandshakes = 1024
    /// How long an admission may take; then the handshake is answered 503.
    public var admissionTimeout: TimeAmount = .seconds(10)

    public init(path: String = "/engine.io/") {
        self.path = path.hasSuffix("/") ? path : path + "/"
    }

    /// The WebSocket extension of RFC 7692, without context takeover in either direction, so that a
    /// message for many clients is deflated once.
    public enum PermessageDeflate: Sendable, Equatable {
        case disabled
        /// - Parameter threshold: Bytes below which a message is sent as it is.
        case enabled(threshold: Int = 1024)
    }
}
