import Logging
public import NIOCore
import Synchronization

/// One of the independent channels over a client's connection.
///
/// Set its handlers before the server accepts connections. A socket keeps the handlers from the time it connected.
public final class Namespace: Sendable {
    public let name: String
    let adapter: any Adapter
    private let handlers = Mutex(Handlers())
    let logger: Logger

    init(name: String, adapter: any Adapter, logger: Logger) {
        self.name = name
        self.adapter = adapter
        self.logger = logger
    }

    /// Immutable, so sockets share it without a lock.
    final class Handlers: Sendable {
        let admission: (@Sendable (ConnectRequest) async -> Admission)?
        let connect: (@Sendable (Socket) -> Void)?
        let event: (@Sendable (Socket, InboundEvent) -> Void)?
        let disconnect: (@Sendable (Socket, DisconnectReason) -> Void)?
        let named: [String: @Sendable (Socket, InboundEvent) -> Void]

        init(
            admission: (@Sendable (ConnectRequest) async -> Admission)? = nil,
            connect: (@Sendable (Socket) -> Void)? = nil,
            event: (@Sendable (Socket, InboundEvent) -> Void)? = nil,
            disconnect: (@Sendable (Socket, DisconnectReason) -> Void)? = nil,
            named: [String: @Sendable (Socket, InboundEvent) -> Void] = [:]
        ) {
            self.admission = admission
            self.connect = connect
            self.event = event
            self.disconnect = disconnect
            self.named = named
        }
    }

    var currentHandlers: Handlers { handlers.withLock { $0 } }

    private func update(
        admission: (@Sendable (ConnectRequest) async -> Admission)? = nil,
        connect: (@Sendable (Socket) -> Void)? = nil,
        event: (@Sendable (Socket, InboundEvent) -> Void)? = nil,
        disconnect: (@Sendable (Socket, DisconnectReason) -> Void)? = nil,
        named: [String: @Sendable (Socket, InboundEvent) -> Void] = [:]
    ) {
        self.handlers.withLock { handlers in
            handlers = Handlers(
                admission: admission ?? handlers.admission,
                connect: connect ?? handlers.connect,
                event: event ?? handlers.event,
                disconnect: disconnect ?? handlers.disconnect,
                named: handlers.named.merging(named) { _, new in new }
            )
        }
    }

    // MARK: Handlers

    /// Decides who may connect. Without it everyone may. It may take up to the connect timeout.
    public func onAdmission(_ handler: @escaping @Sendable (ConnectRequest) async -> Admission) {
        update(admission: handler)
    }

    /// Called on the socket's event loop, after the client was told that it is connected. Must not block.
    public func onConnect(_ handler: @escaping @Sendable (Socket) -> Void) {
        update(connect: handler)
    }

    /// Called on the socket's event loop for each event that has no handler of its own, in the order of arrival.
    /// Must not block.
    public func onEvent(_ handler: @escaping @Sendable (Socket, InboundEvent) -> Void) {
        update(event: handler)
    }

    /// Called on the socket's event loop for one event, in the order of arrival. Must not block.
    public func on(_ event: String, _ handler: @escaping @Sendable (Socket, InboundEvent) -> Void) {
        update(named: [event: handler])
    }

    /// Called for one event with its first argument decoded. The handlers of a socket run one after another, in the
    /// order of arrival. An event that cannot be decoded, or whose handler throws, is logged and not answered.
    public func on<Argument: Decodable & Sendable>(
        _ event: String,
        of type: Argument.Type,
        _ handler: @escaping @Sendable (Socket, Argument) async throws -> Void
    ) {
        onDecoded(event) { (socket: Socket, argument: Argument, _) in
            try await handler(socket, argument)
        }
    }

    /// Like the form without a result. The result becomes the acknowledgement, if the client asked for one.
    public func on<Argument: Decodable & Sendable, Result: Encodable & SendableMetatype>(
        _ event: String,
        of type: Argument.Type,
        _ handler: @escaping @Sendable (Socket, Argument) async throws -> Result
    ) {
        onDecoded(event) { (socket: Socket, argument: Argument, acknowledgement) in
            try acknowledgement?(try await handler(socket, argument))
        }
    }

    private func onDecoded<Argument: Decodable & Sendable>(
        _ event: String,
        _ handler: @escaping @Sendable (Socket, Argument, Acknowledgement?) async throws -> Void
    ) {
        on(event) { [logger] socket, inbound in
            socket.runInOrder {
                do {
                    let argument: Argument = try (inbound.arguments.first ?? JSONFragment(json: "null")).decode()
                    try await handler(socket, argument, inbound.acknowledgement)
                } catch {
                    logger.debug("event handler failed", metadata: ["event": "\(event)", "error": "\(error)"])
                }
            }
        }
    }

    /// Called on the socket's event loop, once for each socket that `onConnect` reported. Must not block.
    public func onDisconnect(_ handler: @escaping @Sendable (Socket, DisconnectReason) -> Void) {
        update(disconnect: handler)
    }

    // MARK: Sockets

    /// A connected socket.
    public func socket(_ id: String) -> Socket? { adapter.socket(id) }

    /// Sockets that are connected now.
    public var socketCount: Int { adapter.socketCount }

    /// Encodes an event once, for many sockets of this namespace.
    public func encode(
        _ event: String,
        _ arguments: [JSONFragment],
        attachments: [ByteBuffer] = []
    ) -> EncodedEvent {
        SocketPacketEncoder.event(namespace: self.name, name: event, arguments: arguments, attachments: attachments)
    }

    /// Everyone in any of the rooms, once each. A socket's id addresses that socket.
    public func to(_ rooms: Room...) -> BroadcastOperator { self.to(rooms) }

    public func to(_ rooms: [Room]) -> BroadcastOperator {
        BroadcastOperator(namespace: self, target: BroadcastTarget(rooms: rooms))
    }

    /// Everyone except those in any of the rooms, or with one of the ids.
    public func except(_ rooms: Room...) -> BroadcastOperator {
        BroadcastOperator(namespace: self, target: BroadcastTarget(except: rooms))
    }

    /// Sends events to rooms. This is much cheaper than single calls if a room gets several events, or if there are
    /// many rooms.
    public func emit(_ broadcasts: [RoomBroadcast]) { adapter.broadcast(broadcasts) }

    /// Whether a socket is in the room, or about to join it.
    public func hasMembers(_ room: Room) -> Bool { adapter.hasMembers(room) }

    /// The rooms that lost their last member since the last call. They are noted from the first call on.
    public func takeEmptiedRooms() -> [Room] { adapter.takeEmptiedRooms() }

    /// Sends an event to everyone in the namespace.
    public func emit(_ event: String, _ arguments: [JSONFragment], attachments: [ByteBuffer] = []) {
        BroadcastOperator(namespace: self, target: BroadcastTarget()).emit(event, arguments, attachments: attachments)
    }
}
