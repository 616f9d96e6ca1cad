public import EngineIO
public import NIOCore

/// The settings of a Socket.IO server.
public struct SocketIOConfiguration: Sendable {
    /// The settings of the Engine.IO sessions: path, heartbeat, payload, transports, CORS, admission of handshakes.
    public var engine = EngineConfiguration(path: "/socket.io/")
    /// How long a new client may stay without joining a namespace.
    public var connectTimeout: TimeAmount = .seconds(45)
    public var limits = SocketLimits()

    public init() {}
}

/// Limits for one client.
public struct SocketLimits: Sendable {
    /// Binary attachments per packet.
    public var maxAttachments = 10
    /// Arguments of an event, including its name, or of an acknowledgement.
    public var maxArguments = 1000
    /// Refused namespaces and acknowledgements without an event per connection. Each costs the server something.
    public var maxRefusals = 100
    /// Namespaces per connection.
    public var maxNamespaces = 32
    /// Awaited acknowledgements per socket.
    public var maxPendingAcknowledgements = 256
    /// Events per socket that wait for asynchronous handlers.
    public var maxQueuedEvents = 256
    /// Bytes of held broadcasts per socket (`Socket.holdBroadcasts()`).
    public var maxHeldBytes = 256 * 1024

    public init() {}
}
