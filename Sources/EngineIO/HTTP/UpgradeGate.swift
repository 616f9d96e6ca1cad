import DequeModule
import NIOCore
import NIOHTTP1

/// Routes the requests of a connection, behind its HTTP codec. Requests at an endpoint's path go to the endpoint, all
/// others to the application. The application's handlers are added when its first request comes.
///
/// Requests are handled one at a time, so answers of the application and of endpoints never overlap. Pipelined requests
/// wait here, and reading stops meanwhile.
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
        /// The head was refused. Its answer follows.
        case refused
        /// The request is being received.
        case receiving(HTTPExchange, any HTTPEndpoint, ByteBuffer)
        /// The endpoint has the request. Its answer is awaited.
        case answering(HTTPExchange)
        /// The last answer was sent. Further input is discarded, and the connection closes.
        case discarding
        case upgraded
    }

    private let endpoints: [any HTTPEndpoint]
    var codec: HTTPCodec
    private let idleTimeout: TimeAmount
    let screening: HTTPScreening
    /// Adds the application's handlers behind the gate. nil afterwards.
    private var installApplication: (() throws -> Void)?
    /// Called when the connection has ended or become a WebSocket without a request for the application.
    private var onUnneeded: (() -> Void)?
    var isApplicationInstalled = false
    var activity = Activity.idle
    var deferred: Deque<HTTPServerRequestPart> = []
    private var isReadPending = false
    var keepsAlive = true
    /// Whether the current answer has no body (RFC 9110, section 9.3.2).
    var isHead = false
    /// The parser's error behind the waiting requests. It is reported when its turn comes.
    var unreadable: HTTPParserError?
    var isQuiescing = false
    /// llhttp stops after a request that asked for an upgrade, granted or not.
    private var needsFreshDecoder = false
    var context: ChannelHandlerContext?
    var timer: DeadlineTimer?

    init(
        endpoints: [any HTTPEndpoint],
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
        timer.set(context.eventLoop.now + idleTimeout)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        finish()
    }

    private func finish() {
        timer?.stop()
        timer = nil
        installApplication = nil
        let onUnneeded = self.onUnneeded
        self.onUnneeded = nil
        onUnneeded?()
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if mustDefer(part) {
            deferred.append(part)
        } else {
            receive(part, context: context)
        }
    }

    private func mustDefer(_ part: HTTPServerRequestPart) -> Bool {
        !deferred.isEmpty || mustWait(part)
    }

    /// A request waits for the end of the previous one, and until the client has read most of the answers. So a client
    /// that sends without reading cannot queue unlimited answers.
    private func mustWait(_ part: HTTPServerRequestPart) -> Bool {
        guard case .head = part else { return false }
        guard case .idle = activity else { return true }
        return context?.channel.isWritable == false
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, !deferred.isEmpty {
            context.eventLoop.execute { self.receiveDeferred() }
        }
        context.fireChannelWritabilityChanged()
    }

    private func receive(_ part: HTTPServerRequestPart, context: ChannelHandlerContext) {
        // After the part was handled, because the new activity decides. A body for an endpoint is small and gets one
        // idle time as a whole.
        defer { if !isReceivingBody(part) { touch() } }
        switch (activity, part) {
        case (.idle, .head(let head)): begin(head, context: context)
        case (.idle, _), (.answering, _), (.upgraded, _): break
        case (.application(_, let responseEnded), let part):
            if case .end = part { activity = .application(requestEnded: true, responseEnded: responseEnded) }
            context.fireChannelRead(wrapInboundOut(part))
            finishApplicationExchange()
        case (.receiving(let exchange, let endpoint, var body), .body(let bytes)):
            guard body.readableBytes + bytes.readableBytes <= endpoint.maxBodySize else {
                return endpoint.refuseBody(exchange)
            }
            // Must not be shared with the stored activity, or appending would copy the bytes.
            activity = .idle
            body.writeImmutableBuffer(bytes)
            activity = .receiving(exchange, endpoint, body)
        case (.receiving(let exchange, let endpoint, let body), .end):
            activity = .answering(exchange)
            guard exchange.isWebSocketUpgrade else { return endpoint.receive(exchange, body: body) }
            // The pipeline must not change within the decoder's call.
            context.eventLoop.execute { endpoint.receive(exchange, body: body) }
        case (.discarding, _), (.refused, _), (.receiving, .head): break
        }
    }

    private func isReceivingBody(_ part: HTTPServerRequestPart) -> Bool {
        guard case .receiving = activity, case .body = part else { return false }
        return true
    }

    private func begin(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        var head = head
        if head.version == .http1_0 {
            // Servers ignore it from HTTP/1.0 (RFC 9110, section 10.1.1).
            head.headers.remove(name: "Expect")
        }
        isHead = head.method == .HEAD
        if let answer = screening.screen(&head, context.channel.remoteAddress) {
            activity = .refused
            return refuse(answer)
        }
        keepsAlive = head.isKeepAlive
        let asksForUpgrade = head.headers.contains(name: "Upgrade") || head.method == .CONNECT
        let path = EngineRequest.path(of: head.uri)
        guard let endpoint = endpoints.first(where: { $0.matches(path: path) }) else {
            self.needsFreshDecoder = asksForUpgrade
            return self.beginApplication(head, context: context)
        }
        let handshake = asksForUpgrade ? WebSocketHandshake(head) : .none
        // After a refused upgrade the connection is not reused.
        if asksForUpgrade { keepsAlive = false }
        let exchange = HTTPExchange(
            eventLoop: context.eventLoop,
            head: head,
            remoteAddress: context.channel.remoteAddress,
            isWebSocketUpgrade: handshake == .acceptable,
            gate: self
        )
        activity = .receiving(exchange, endpoint, ByteBuffer())
        switch handshake {
        case .none, .acceptable: break
        case .malformed: return refuse(screening.unreadable(.badRequest, context.channel.remoteAddress))
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
        // Normalized, whatever the client's version and wording (RFC 9112, section 9.3).
        if !head.isKeepAlive { head.headers.replaceOrAdd(name: "Connection", value: "close") }
        activity = .application(requestEnded: false, responseEnded: false)
        do {
            try installApplication?()
        } catch {
            return context.close(promise: nil)
        }
        installApplication = nil
        onUnneeded = nil
        isApplicationInstalled = true
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    private func finishApplicationExchange() {
        guard case .application(requestEnded: true, responseEnded: true) = activity else { return }
        becomeIdle()
    }

    /// Gets ready for the next request, with a fresh decoder if the old one has stopped.
    func becomeIdle() {
        activity = .idle
        touch()
        guard let context else { return }
        if isQuiescing { return context.close(promise: nil) }
        // This may run within the decoder's call or the application's write, so the rest is scheduled.
        if needsFreshDecoder {
            needsFreshDecoder = false
            context.eventLoop.execute { self.replaceDecoder() }
        } else if !deferred.isEmpty || isReadPending || unreadable != nil {
            context.eventLoop.execute { self.receiveDeferred() }
        }
    }

    private func replaceDecoder() {
        guard let context else { return }
        do {
            try codec.renewDecoder(in: context.channel)
        } catch {
            return context.close(promise: nil)
        }
        receiveDeferred()
    }

    private func receiveDeferred() {
        guard let context else { return }
        while let part = deferred.first {
            guard !mustWait(part) else { break }
            deferred.removeFirst()
            receive(part, context: context)
        }
        if let error = unreadable, isErrorReached {
            unreadable = nil
            fail(error, context: context)
        }
        channelReadComplete(context: context)
        if isReadPending {
            isReadPending = false
            context.read()
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if case .discarding = activity { return context.read() }
        if isApplicationInstalled { context.fireChannelReadComplete() }
    }

    func read(context: ChannelHandlerContext) {
        guard deferred.isEmpty else {
            isReadPending = true
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
        if isQuiescing { context.flush() }
        finishApplicationExchange()
    }

    // MARK: The connection's end

    private func touch() {
        guard let context else { return }
        switch activity {
        case .idle, .receiving, .application(requestEnded: false, _):
            timer?.set(context.eventLoop.now + idleTimeout)
        case .application, .answering, .upgraded: timer?.set(nil)
        case .refused, .discarding: break
        }
    }

    private func idleTimeoutReached() {
        if case .receiving(let exchange, _, _) = self.activity { exchange.abort() }
        context?.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        abortExchange()
        finish()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            switch activity {
            case .application: context.fireUserInboundEventTriggered(event)
            case .idle, .refused, .receiving, .answering, .discarding, .upgraded:
                abortExchange()
                context.close(promise: nil)
            }
        case is ChannelShouldQuiesceEvent:
            isQuiescing = true
            switch activity {
            case .idle: context.close(promise: nil)
            case .answering(let exchange): exchange.onQuiesce?()
            case .application, .refused, .receiving, .discarding, .upgraded: break
            }
        default: context.fireUserInboundEventTriggered(event)
        }
    }
}
