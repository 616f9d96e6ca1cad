internal import NIOCore

/// Drives a `RedisSession` with what a channel receives, on its event loop.
final class RedisHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    typealias Waiter = @Sendable (Result<Void, RedisError>) -> Void

    private var session: RedisSession<Waiter>
    private var decoder = RESPDecoder()
    private let isSubscriber: Bool
    private let ready: EventLoopPromise<NIOLoopBound<RedisHandler>>
    private let receive: @Sendable ([RedisEvent]) -> Void
    private var received: [RedisEvent] = []
    private var timer: RepeatedTask?
    private var context: ChannelHandlerContext?
    private var failure: RedisError?

    private static let tick = TimeAmount.milliseconds(250)

    /// - Parameters:
    ///   - ready: Succeeds with this handler when the greeting is over, and fails if the connection ends before.
    ///   - receive: Called on the event loop with what came at once; must not block.
    init(
        _ configuration: RedisConfiguration, channels: [String],
        ready: EventLoopPromise<NIOLoopBound<RedisHandler>>, receive: @escaping @Sendable ([RedisEvent]) -> Void
    ) {
        isSubscriber = !channels.isEmpty
        session = RedisSession(configuration, channels: channels, at: Self.now)
        self.ready = ready
        self.receive = receive
    }

    private static var now: Duration { .nanoseconds(Int64(NIODeadline.now().uptimeNanoseconds)) }

    func publish(_ messages: [RedisMessage], _ waiter: @escaping Waiter) {
        var writer = RESPWriter()
        perform(session.publish(messages, waiter, &writer))
        send(writer)
    }

    // MARK: The channel

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { greet(context) }
    }

    func channelActive(context: ChannelHandlerContext) { greet(context) }

    private func greet(_ context: ChannelHandlerContext) {
        guard timer == nil else { return }
        var writer = RESPWriter()
        session.greet(&writer)
        send(writer)
        let own = NIOLoopBound(self, eventLoop: context.eventLoop)
        timer = context.eventLoop.scheduleRepeatedTask(initialDelay: Self.tick, delay: Self.tick) { _ in
            own.value.advance()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        decoder.receive(unwrapInboundIn(data))
        do {
            while failure == nil, let value = try decoder.next() { perform(session.receive(value, at: Self.now)) }
        } catch {
            perform(.close(RedisError(.malformed, "Redis does not speak its protocol: \(error).")))
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard !received.isEmpty else { return }
        receive(received)
        received.removeAll(keepingCapacity: true)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        perform(.close(RedisError(.unavailable, "The connection to Redis failed: \(error).")))
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end()
        self.context = nil
    }

    // MARK: The session

    private func advance() {
        var writer = RESPWriter()
        perform(session.advance(to: Self.now, &writer))
        send(writer)
    }

    private func send(_ writer: RESPWriter) {
        guard failure == nil, writer.buffer.readableBytes > 0, let context else { return }
        context.writeAndFlush(wrapOutboundOut(writer.buffer), promise: nil)
    }

    private func perform(_ action: RedisSession<Waiter>.Action?) {
        switch action {
        case .ready:
            if isSubscriber { received.append(.subscribed) }
            if let context { ready.succeed(NIOLoopBound(self, eventLoop: context.eventLoop)) }
        case .message(let message): received.append(.message(message))
        case .finish(let waiter, let result): waiter(result)
        case .close(let error):
            guard failure == nil else { return }
            failure = error
            ready.fail(error)
            context?.close(promise: nil)
        case nil: break
        }
    }

    private func end() {
        timer?.cancel()
        timer = nil
        if isSubscriber, session.isReady { receive(received + [.disconnected]) }
        received = []
        let error = failure ?? RedisError(.unavailable, "Redis closed the connection.")
        failure = error
        ready.fail(error)
        for waiter in session.end() { waiter(.failure(error)) }
    }
}
