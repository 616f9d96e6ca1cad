import DequeModule
import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Stands behind the HTTP codec of every connection: requests at an endpoint's path are answered here, all others go to
/// the application, whose handlers are added when the first of them comes.
///
/// Requests are taken one at a time, so an answer of the application and one of an endpoint never overlap; parts of
/// pipelined requests wait here, and reading stops meanwhile.
///
/// `@unchecked Sendable`: its state is touched on its channel's event loop only.
final class UpgradeGate: ChannelDuplexHandler, RemovableChannelHandler, @unchecked Sendable {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    enum Activity {
        /// Between requests.
        case idle
        case application(requestEnded: Bool, responseEnded: Bool)
        /// The head was refused, and is about to be answered.
        case refused
        /// The request is being received.
        case receiving(HTTPExchange, Endpoint, ByteBuffer)
        /// The endpoint has the request, its answer is awaited.
        case answering(HTTPExchange)
        /// The last answer was given: what still comes is discarded, and the connection closed.
        case discarding
        case upgraded
    }

    /// How long what a client still sends is read after the last answer, unless it ends before.
    private static let lingering = TimeAmount.seconds(2)

    private let endpoints: [Endpoint]
    private var codec: HTTPCodec
    private let idleTimeout: TimeAmount
    let screening: HTTPScreening
    /// Adds the application's handlers behind the gate; nil once they are there.
    private var installApplication: (() throws -> Void)?
    /// Called when the connection has ended, or become a WebSocket, without the application having been needed.
    private var onUnneeded: (() -> Void)?
    private var isApplicationInstalled = false
    private(set) var activity = Activity.idle
    private(set) var deferred: Deque<HTTPServerRequestPart> = []
    private var isReadPending = false
    var keepsAlive = true
    /// Whether the present answer has no body (RFC 9110 § 9.3.2).
    var isHead = false
    /// Why what comes after the requests before it cannot be read: said when its turn has come.
    var unreadable: HTTPParserError?
    private var isQuiescing = false
    /// llhttp stops after a request that asked for an upgrade, honoured or not.
    private var needsFreshDecoder = false
    private var context: ChannelHandlerContext?
    private var timer: DeadlineTimer?

    init(
        endpoints: [Endpoint],
        codec: HTTPCodec,
        idleTimeout: TimeAmount,
        screening: HTTPScreening,
        installApplication: @escaping () throws -> Void,
        onUnneeded: @escaping () -> Void
    ) {
        self.endpoints = endpoints
        self.codec = codec
        self.idleTimeout = idleTimeout
        self.screening = screening
        self.installApplication = installApplication
        self.onUnneeded = onUnneeded
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let timer = DeadlineTimer(eventLoop: context.eventLoop) { self.idleTimeoutReached() }
        self.timer = timer
        timer.set(context.eventLoop.now + self.idleTimeout)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.finish()
    }

    private func finish() {
        self.timer?.stop()
        self.timer = nil
        self.installApplication = nil
        let onUnneeded = self.onUnneeded
        self.onUnneeded = nil
        onUnneeded?()
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = self.unwrapInboundIn(data)
        if self.mustDefer(part) {
            self.deferred.append(part)
        } else {
            self.receive(part, context: context)
        }
    }

    private func mustDefer(_ part: HTTPServerRequestPart) -> Bool {
        !self.deferred.isEmpty || self.mustWait(part)
    }

    /// A request waits for the end of the one before it, and until the client has read most of what was answered: what
    /// waits for one that sends and does not read stays bounded.
    private func mustWait(_ part: HTTPServerRequestPart) -> Bool {
        guard case .head = part else { return false }
        guard case .idle = self.activity else { return true }
        return self.context?.channel.isWritable == false
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, !self.deferred.isEmpty {
            context.eventLoop.execute { self.receiveDeferred() }
        }
        context.fireChannelWritabilityChanged()
    }

    private func receive(_ part: HTTPServerRequestPart, context: ChannelHandlerContext) {
        // By what the part has made of the connection. An endpoint's body, which is small, has one idle time in all.
        defer { if !self.isReceivingBody(part) { self.touch() } }
        switch (self.activity, part) {
        case (.idle, .head(let head)): self.begin(head, context: context)
        case (.idle, _), (.answering, _), (.upgraded, _): break
        case (.application(_, let responseEnded), let part):
            if case .end = part { self.activity = .application(requestEnded: true, responseEnded: responseEnded) }
            context.fireChannelRead(self.wrapInboundOut(part))
            self.finishApplicationExchange()
        case (.receiving(let exchange, let endpoint, var body), .body(let bytes)):
            guard body.readableBytes + bytes.readableBytes <= endpoint.maxBodySize else {
                return endpoint.refuseBody(exchange)
            }
            // Not to be shared with the stored activity, or appending would copy.
            self.activity = .idle
            body.writeImmutableBuffer(bytes)
            self.activity = .receiving(exchange, endpoint, body)
        case (.receiving(let exchange, let endpoint, let body), .end):
            self.activity = .answering(exchange)
            guard exchange.isWebSocketUpgrade else { return endpoint.receive(exchange, body: body) }
            // The pipeline must not change within the decoder's call.
            context.eventLoop.execute { endpoint.receive(exchange, body: body) }
        case (.discarding, _), (.refused, _), (.receiving, .head): break
        }
    }

    private func isReceivingBody(_ part: HTTPServerRequestPart) -> Bool {
        guard case .receiving = self.activity, case .body = part else { return false }
        return true
    }

    private func begin(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        var head = head
        if head.version == .http1_0 {
            // To be ignored (RFC 9110 § 10.1.1).
            head.headers.remove(name: "Expect")
        }
        self.isHead = head.method == .HEAD
        if let answer = self.screening.screen(&head, context.channel.remoteAddress) {
            self.activity = .refused
            return self.refuse(answer)
        }
        self.keepsAlive = head.isKeepAlive
        let asksForUpgrade = head.headers.contains(name: "Upgrade") || head.method == .CONNECT
        let path = EngineRequest.path(of: head.uri)
        guard let endpoint = self.endpoints.first(where: { $0.matches(path: path) }) else {
            self.needsFreshDecoder = asksForUpgrade
            return self.beginApplication(head, context: context)
        }
        let handshake = asksForUpgrade ? WebSocketHandshake(head) : .none
        // After an upgrade that is refused the connection is not used again.
        if asksForUpgrade { self.keepsAlive = false }
        let exchange = HTTPExchange(
            eventLoop: context.eventLoop,
            head: head,
            remoteAddress: context.channel.remoteAddress,
            isWebSocketUpgrade: handshake == .acceptable,
            gate: self
        )
        self.activity = .receiving(exchange, endpoint, ByteBuffer())
        switch handshake {
        case .none, .acceptable: break
        case .malformed: return self.refuse(self.screening.unreadable(.badRequest, context.channel.remoteAddress))
        case .unsupportedVersion:
            return exchange.respond(.init(status: .upgradeRequired, headers: ["Sec-WebSocket-Version": "13"]))
        }
        if let length = head.headers.first(name: "Content-Length").flatMap({ Int($0) }), length > endpoint.maxBodySize {
            return endpoint.refuseBody(exchange)
        }
        if head.headers[canonicalForm: "Expect"].contains(where: { $0.lowercased() == "100-continue" }) {
            context.writeAndFlush(
                self.wrapOutboundOut(.head(.init(version: head.version, status: .continue))), promise: nil)
        }
    }

    private func beginApplication(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        var head = head
        // Said in one way, whatever the client's version and words are (RFC 9112 § 9.3).
        if !head.isKeepAlive { head.headers.replaceOrAdd(name: "Connection", value: "close") }
        self.activity = .application(requestEnded: false, responseEnded: false)
        do {
            try self.installApplication?()
        } catch {
            return context.close(promise: nil)
        }
        self.installApplication = nil
        self.onUnneeded = nil
        self.isApplicationInstalled = true
        context.fireChannelRead(self.wrapInboundOut(.head(head)))
    }

    private func finishApplicationExchange() {
        guard case .application(requestEnded: true, responseEnded: true) = self.activity else { return }
        self.becomeIdle()
    }

    /// Ready for the next request: on the same decoder, or a fresh one where it has stopped.
    private func becomeIdle() {
        self.activity = .idle
        self.touch()
        guard let context = self.context else { return }
        if self.isQuiescing { return context.close(promise: nil) }
        // This can be reached within the decoder's call, or within the application's write.
        if self.needsFreshDecoder {
            self.needsFreshDecoder = false
            context.eventLoop.execute { self.replaceDecoder() }
        } else if !self.deferred.isEmpty || self.isReadPending || self.unreadable != nil {
            context.eventLoop.execute { self.receiveDeferred() }
        }
    }

    private func replaceDecoder() {
        guard let context = self.context else { return }
        do {
            try self.codec.renewDecoder(in: context.channel)
        } catch {
            return context.close(promise: nil)
        }
        self.receiveDeferred()
    }

    private func receiveDeferred() {
        guard let context = self.context else { return }
        while let part = self.deferred.first {
            guard !self.mustWait(part) else { break }
            self.deferred.removeFirst()
            self.receive(part, context: context)
        }
        if let error = self.unreadable, self.isErrorReached {
            self.unreadable = nil
            self.fail(error, context: context)
        }
        self.channelReadComplete(context: context)
        if self.isReadPending {
            self.isReadPending = false
            context.read()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if case .discarding = self.activity { return context.read() }
        if self.isApplicationInstalled { context.fireChannelReadComplete() }
    }

    func read(context: ChannelHandlerContext) {
        guard self.deferred.isEmpty else {
            self.isReadPending = true
            return
        }
        context.read()
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        context.write(data, promise: promise)
        guard case .application(let requestEnded, _) = self.activity, case .end = self.unwrapOutboundIn(data) else {
            return
        }
        self.activity = .application(requestEnded: requestEnded, responseEnded: true)
        if self.isQuiescing { context.flush() }
        self.finishApplicationExchange()
    }

    /// Writes an endpoint's answer.
    func respond(_ response: HTTPExchange.Response) {
        guard let context = self.context else {
            response.written?.fail(ChannelError.alreadyClosed)
            return
        }
        let requestEnded =
            switch self.activity {
            case .receiving, .refused: false
            case .idle, .application, .answering, .discarding, .upgraded: true
            }
        let keepsAlive = self.keepsAlive && requestEnded && !self.isQuiescing
        var head = HTTPResponseHead(version: .http1_1, status: response.status, headers: response.headers)
        if response.status != .noContent {
            head.headers.replaceOrAdd(name: "Content-Length", value: String(response.body.readableBytes))
        }
        if !keepsAlive { head.headers.replaceOrAdd(name: "Connection", value: "close") }
        context.write(self.wrapOutboundOut(.head(head)), promise: nil)
        if response.body.readableBytes > 0, !self.isHead {
            context.write(self.wrapOutboundOut(.body(.byteBuffer(response.body))), promise: nil)
        }
        let channel = context.channel
        let written = context.writeAndFlush(self.wrapOutboundOut(.end(nil)))
        if let promise = response.written { written.cascade(to: promise) }
        if keepsAlive { return self.becomeIdle() }
        self.deferred.removeAll()
        self.activity = .discarding
        guard !requestEnded || !self.isQuiescing else {
            return written.whenComplete { _ in channel.close(promise: nil) }
        }
        // A client whose bytes are left unread when the connection is closed loses the answer (RFC 9112 § 9.6).
        self.timer?.set(context.eventLoop.now + Self.lingering)
        written.flatMap { channel.close(mode: .output) }.whenFailure { _ in channel.close(promise: nil) }
        context.read()
    }

    // MARK: The connection's end

    private func touch() {
        guard let context = self.context else { return }
        switch self.activity {
        case .idle, .receiving, .application(requestEnded: false, _):
            self.timer?.set(context.eventLoop.now + self.idleTimeout)
        case .application, .answering, .upgraded: self.timer?.set(nil)
        case .refused, .discarding: break
        }
    }

    private func idleTimeoutReached() {
        if case .receiving(let exchange, _, _) = self.activity { exchange.abort() }
        self.context?.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.abortExchange()
        self.finish()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            switch self.activity {
            case .application: context.fireUserInboundEventTriggered(event)
            case .idle, .refused, .receiving, .answering, .discarding, .upgraded:
                self.abortExchange()
                context.close(promise: nil)
            }
        case is ChannelShouldQuiesceEvent:
            self.isQuiescing = true
            switch self.activity {
            case .idle: context.close(promise: nil)
            case .answering(let exchange): exchange.onQuiesce?()
            case .application, .refused, .receiving, .discarding, .upgraded: break
            }
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    // MARK: Upgrade

    /// Answers 101 and replaces everything of HTTP by a WebSocket. Outside the decoder's call.
    ///
    /// - Returns: nil where the connection has ended.
    func upgrade(
        _ head: HTTPRequestHead,
        configuration: WebSocketConnection.Configuration,
        extraHeaders: HTTPHeaders,
        receiver: any WebSocketReceiver
    ) -> WebSocketConnection? {
        guard let context = self.context, context.channel.isActive else { return nil }
        self.activity = .upgraded
        let connection = WebSocketConnection(
            eventLoop: context.eventLoop,
            configuration: configuration,
            receiver: receiver
        )
        // The application, if an earlier request was its, sees the end of its input.
        if self.isApplicationInstalled { context.fireUserInboundEventTriggered(ChannelEvent.inputClosed) }
        WebSocketHandshake.accept(head, extraHeaders: extraHeaders, channel: context.channel) { headers in
            context.write(
                self.wrapOutboundOut(.head(.init(version: .http1_1, status: .switchingProtocols, headers: headers))),
                promise: nil
            )
        }
        context.writeAndFlush(self.wrapOutboundOut(.end(nil)), promise: nil)
        do {
            try self.codec.makeWay(for: connection, configuration, behind: context)
        } catch {
            context.close(promise: nil)
            return nil
        }
        // Nobody will tell the new handler that the server is shutting down.
        if self.isQuiescing { connection.close(.goingAway) }
        return connection
    }
}
