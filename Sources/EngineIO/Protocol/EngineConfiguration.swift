public import NIOCore

/// The settings of an Engine.IO server. The defaults are the reference server's, where it has the option.
public struct EngineConfiguration: Sendable {
    public enum Transport: String, Sendable, CaseIterable {
        case polling, websocket
    }

    /// Decides about a handshake before a session exists. nil accepts it.
    public typealias Admission = @Sendable (HandshakeRequest) async -> HandshakeRefusal?

    /// The request path. A missing trailing slash is added, as in the reference server.
    public var path: String
    /// How long after the handshake, and after each pong, the server sends a ping.
    public var pingInterval: TimeAmount = .seconds(25)
    /// How long the server waits for a pong before it ends the session.
    public var pingTimeout: TimeAmount = .seconds(20)
    /// The limit in bytes of a WebSocket message, of a POST body, and of a poll's answer with several packets.
    public var maxPayload = 1_000_000
    /// The limit in bytes of what waits for one client, including the kernel's buffer. A client with more is
    /// disconnected as slow. One message may be larger.
    public var maxOutboundBytes = 1 << 20
    /// The limit of packets in one POST body.
    public var maxInboundPackets = 10_000
    /// The limit of packets in a poll's answer. Some clients refuse more than 16.
    public var maxPacketsPerPoll = 16
    /// Asked for each new session. The id begins with it, so a load balancer can find the session's server by it. At most 40
    /// characters that a URL takes as they are.
    public var sessionIDPrefix: @Sendable () -> String = { "" }
    public var transports: Set<Transport> = Set(Transport.allCases)
    /// How long a WebSocket may take to replace polling.
    public var upgradeTimeout: TimeAmount = .seconds(10)
    /// How long a closing session waits for the client before it is dropped.
    public var closeTimeout: TimeAmount = .seconds(3)
    /// Which origins may read the answers in a browser.
    public var cors: CORSPolicy = .sameOrigin
    public var permessageDeflate: PermessageDeflate = .disabled
    /// Decides synchronously who may open a session, before `admission`. Called on an event loop.
    public var screening: (@Sendable (HandshakeRequest) -> Screening)?
    /// Called with each bad request, such as one for an unknown session. It may give another reason for the refusal.
    /// Called on an event loop.
    public var refusing: (@Sendable (HandshakeRequest) -> HandshakeRefusal?)?
    public var admission: Admission?
    /// The limit of concurrent admissions. More are answered with 503.
    public var maxPendingHandshakes = 1024
    /// How long an admission may take. After that, the handshake is answered with 503.
    public var admissionTimeout: TimeAmount = .seconds(10)

    public init(path: String = "/engine.io/") {
        self.path = path.hasSuffix("/") ? path : path + "/"
    }

    /// The WebSocket extension of RFC 7692. Neither direction has context takeover, so a message for many clients is
    /// deflated once.
    public enum PermessageDeflate: Sendable, Equatable {
        case disabled
        /// - Parameter threshold: Smaller messages, in bytes, are not compressed.
        case enabled(threshold: Int = 1024)
    }
}
