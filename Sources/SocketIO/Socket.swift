public import EngineIO
public import NIOCore

/// A client in a namespace.
///
/// Unless marked for the event loop only, methods can be called from any thread. One thread's calls take effect in
/// order.
///
/// `@unchecked Sendable`: its mutable state is touched on its event loop only.
public final class Socket: @unchecked Sendable {
    /// Known to the client, but different from the session's id. It may be shown to others.
    public let id: String
    public let namespace: Namespace
    /// The admission's data for this socket.
    public let userInfo: any Sendable
    public let handshake: HandshakeRequest
    public let eventLoop: any EventLoop
    /// Runs asynchronous work on the socket's event loop.
    public let executor: EventLoopExecutor

    let handlers: Namespace.Handlers
    var membership = Membership()
    private var connection: ClientConnection?
    private var awaited: [UInt64: AwaitedReply] = [:]
    private var nextID: UInt64 = 0
    private var lastTask: Task<Void, Never>?
    private var queuedTasks = 0
    /// Broadcasts since `holdBroadcasts()`, or nil if none are held.
    private var held: [(event: EncodedEvent, subject: EventSubject?)]?
    private var heldBytes = 0
    /// The subjects of which the client was told, and in which version. Older broadcasts may still be on their way.
    private var known: [String: Int] = [:]
    private let limits: SocketLimits

    private struct AwaitedReply {
        var timeout: Scheduled<Void>
        var complete: @Sendable (Result<AcknowledgementReply, AcknowledgementError>) -> Void
    }

    init(
        id: String,
        namespace: Namespace,
        handlers: Namespace.Handlers,
        userInfo: any Sendable,
        connection: ClientConnection,
        session: EngineSession,
        limits: SocketLimits
    ) {
        self.id = id
        self.namespace = namespace
        self.handlers = handlers
        self.userInfo = userInfo
        self.connection = connection
        handshake = session.handshake
        eventLoop = session.eventLoop
        executor = session.executor
        self.limits = limits
    }

    // MARK: Sending

    /// Sends an event that the same namespace has encoded.
    public func emit(_ event: EncodedEvent) {
        eventLoop.runNow { self.deliver(event) }
    }

    public func emit(_ event: String, _ arguments: [JSONFragment], attachments: [ByteBuffer] = []) {
        self.emit(namespace.encode(event, arguments, attachments: attachments))
    }

    public func emit(_ event: String, _ argument: some Encodable) throws {
        self.emit(event, [try JSONFragment(argument)])
    }

    /// On the event loop.
    func deliver(_ event: EncodedEvent, mayWait: Bool = false) {
        connection?.session.send(event.packets, frames: event.frames, mayWait: mayWait)
    }

    // MARK: Broadcasts

    /// Holds broadcasts to this socket until `releaseBroadcasts()`. So a new client gets the past before what happens
    /// meanwhile. Events for this socket alone are not held. If too much is held, the connection is cut. On the event
    /// loop only.
    public func holdBroadcasts() {
        eventLoop.preconditionInEventLoop()
        if held == nil { held = [] }
    }

    /// Sends the held broadcasts, and stops holding them.
    ///
    /// - Parameters:
    ///   - versions: The subjects of which the client was told in another way, and in which version. Broadcasts that are
    ///     not newer are dropped, and what would tell of a subject as new tells of its change.
    ///   - time: For how long. What the client was told was read after it was stored, and its broadcast may still be on
    ///     its way.
    public func releaseBroadcasts(except versions: [String: Int] = [:], for time: TimeAmount = .seconds(10)) {
        eventLoop.runNow {
            guard let held = self.held else { return }
            self.held = nil
            self.heldBytes = 0
            self.known = versions
            for (event, subject) in held { self.deliverUnlessKnown(event, subject) }
            guard !self.known.isEmpty else { return }
            self.eventLoop.scheduleTask(in: time) { [weak self] in self?.known = [:] }
        }
    }

    private func deliverUnlessKnown(_ event: EncodedEvent, _ subject: EventSubject?, mayWait: Bool = false) {
        guard let subject, let version = known[subject.id] else { return deliver(event, mayWait: mayWait) }
        guard subject.version > version else { return }
        known[subject.id] = subject.version
        deliver(subject.change ?? event, mayWait: mayWait)
    }

    /// Whether each broadcast to this socket needs a decision. On the event loop.
    var filtersBroadcasts: Bool { held != nil || !known.isEmpty }

    /// On the event loop.
    func deliverBroadcast(_ event: EncodedEvent, subject: EventSubject? = nil) {
        guard held != nil else { return deliverUnlessKnown(event, subject, mayWait: true) }
        heldBytes += event.packets.reduce(0) { $0 + $1.size }
        guard heldBytes <= limits.maxHeldBytes else { return cutConnection() }
        held?.append((event, subject))
    }

    // MARK: Acknowledged events

    /// Sends an event and awaits the client's acknowledgement.
    public func emitWithAck(
        _ event: String,
        _ arguments: [JSONFragment],
        attachments: [ByteBuffer] = [],
        timeout: TimeAmount
    ) async throws -> AcknowledgementReply {
        try await withCheckedThrowingContinuation { continuation in
            emit(event, arguments, attachments: attachments, timeout: timeout) { continuation.resume(with: $0) }
        }
    }

    /// Sends an event. The completion is called once, on the event loop.
    public func emit(
        _ event: String,
        _ arguments: [JSONFragment],
        attachments: [ByteBuffer] = [],
        timeout: TimeAmount,
        completion: @escaping @Sendable (Result<AcknowledgementReply, AcknowledgementError>) -> Void
    ) {
        eventLoop.runNow {
            guard self.connection != nil else { return completion(.failure(.disconnected)) }
            guard self.awaited.count < self.limits.maxPendingAcknowledgements else {
                return completion(.failure(.tooManyPending))
            }
            let id = self.nextID
            self.nextID += 1
            let timeout = self.eventLoop.scheduleTask(in: timeout) { self.complete(id, .failure(.timeout)) }
            self.awaited[id] = AwaitedReply(timeout: timeout, complete: completion)
            self.deliver(
                SocketPacketEncoder.event(
                    namespace: self.namespace.name,
                    id: id,
                    name: event,
                    arguments: arguments,
                    attachments: attachments
                )
            )
        }
    }

    private func complete(_ id: UInt64, _ result: Result<AcknowledgementReply, AcknowledgementError>) {
        guard let awaited = self.awaited.removeValue(forKey: id) else { return }
        awaited.timeout.cancel()
        awaited.complete(result)
    }

    // MARK: Rooms

    public func join(_ rooms: Room...) { self.join(rooms) }

    public func join(_ rooms: [Room]) { namespace.adapter.join(rooms, self) }

    public func leave(_ rooms: Room...) { self.leave(rooms) }

    public func leave(_ rooms: [Room]) { namespace.adapter.leave(rooms, self) }

    /// The rooms it is in. On the event loop only.
    public var rooms: Set<Room> {
        eventLoop.preconditionInEventLoop()
        return Set(membership.rooms.keys)
    }

    /// Everyone else in any of the rooms.
    public func to(_ rooms: Room...) -> BroadcastOperator {
        namespace.to(rooms).except(id)
    }

    /// Everyone else in the namespace.
    public var broadcast: BroadcastOperator { namespace.except(id) }

    // MARK: The end

    /// Whether it is connected. On the event loop only.
    public var isConnected: Bool { connection != nil }

    /// Disconnects the client. It does not reconnect by itself.
    ///
    /// - Parameter close: Whether to end the whole connection, or only this namespace.
    public func disconnect(close: Bool = false) {
        eventLoop.runNow {
            guard let connection = self.connection else { return }
            // A held broadcast may say why.
            self.releaseBroadcasts()
            connection.session.send(SocketPacketEncoder.disconnect(namespace: self.namespace.name))
            connection.remove(self, reason: .serverDisconnect)
            if close { connection.session.close() }
        }
    }

    /// Ends the whole connection without a disconnect packet. The client reconnects by itself, as after a network
    /// failure.
    public func cutConnection() {
        eventLoop.runNow { self.connection?.session.close() }
    }

    /// Called by the connection, once.
    func didDisconnect(_ reason: DisconnectReason) {
        connection = nil
        held = nil
        namespace.adapter.remove(self)
        for id in awaited.keys { complete(id, .failure(.disconnected)) }
        handlers.disconnect?(self, reason)
    }

    // MARK: Receiving

    func receive(_ event: InboundEvent) {
        let handler = handlers.named[event.name] ?? handlers.event
        handler?(self, event)
    }

    /// - Returns: Whether the event exists. A late or repeated acknowledgement counts too.
    func receiveAcknowledgement(_ id: UInt64, _ reply: AcknowledgementReply) -> Bool {
        guard id < nextID else { return false }
        complete(id, .success(reply))
        return true
    }

    /// Runs asynchronous work for this socket in order. If too much is queued, the client is disconnected. On the event
    /// loop only.
    func runInOrder(_ body: @escaping @Sendable () async -> Void) {
        guard queuedTasks < limits.maxQueuedEvents else { return disconnect(close: true) }
        queuedTasks += 1
        let previous = lastTask
        lastTask = Task {
            await previous?.value
            await body()
            self.eventLoop.execute {
                self.queuedTasks -= 1
                if self.queuedTasks == 0 { self.lastTask = nil }
            }
        }
    }
}
