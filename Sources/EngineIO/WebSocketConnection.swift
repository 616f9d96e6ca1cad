import Atomics
import NIOCore
import NIOWebSocket

/// Receives what a WebSocket brings, on the connection's event loop.
protocol WebSocketReceiver: AnyObject {
    func webSocket(_ connection: WebSocketConnection, received message: EngineMessage)
    /// All messages that came with one read have been delivered.
    func webSocketReadComplete(_ connection: WebSocketConnection)
    /// More than the outbound bound waits, though everything was flushed. Called at most once.
    func webSocketIsSlow(_ connection: WebSocketConnection)
    /// The connection is gone, or closing on the client's wish. Called once, whoever closed it.
    func webSocketClosed(_ connection: WebSocketConnection)
}

/// The last handler of an upgraded connection: frames to messages, the closing handshake, the outbound bound.
///
/// `@unchecked Sendable`: its state is touched on its channel's event loop only, `pendingRemoteBytes` apart, which is atomic.
final class WebSocketConnection: ChannelInboundHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    struct Configuration {
        var maxMessageSize: Int
        /// Bytes that may wait in the channel and in the kernel before the client counts as slow.
        var maxOutboundBytes: Int
        /// What a client that does not read means for this endpoint.
        var slowReader: SlowReader
        var closeTimeout: TimeAmount
        var deflate: DeflateParameters?

        enum SlowReader { case disconnect, pauseReading }
    }

    private enum State {
        case open
        /// The close frame is sent, and the client's is awaited.
        case closing
        case closed
    }

    let eventLoop: any EventLoop
    private let configuration: Configuration
    private var parser: WebSocketFrameParser
    private var assembler: WebSocketAssembler
    private var inflater: Inflater?
    private var deflater: Deflater?
    private var receiver: (any WebSocketReceiver)?
    private var context: ChannelHandlerContext?
    /// The context's, which takes a lock to give it out.
    private var channel: (any Channel)?
    private var state = State.open
    private var isReceiverTold = false
    private var isReadingPaused = false
    private var isUnreadable = false
    private var isFlushNeeded = false
    /// Bytes of the largest write since the channel took all that there was.
    private var largestWrite = 0
    /// Bytes written since the beginning.
    private var writtenBytes = 0
    /// As many of them the kernel had taken when it was last looked.
    private var drainedBytes = 0
    /// Bytes on their way here from a session on another event loop.
    let pendingRemoteBytes = ManagedAtomic(0)

    init(eventLoop: any EventLoop, configuration: Configuration, receiver: any WebSocketReceiver) {
        self.eventLoop = eventLoop
        self.configuration = configuration
        self.receiver = receiver
        self.parser = WebSocketFrameParser(maxFrameSize: configuration.maxMessageSize)
        self.assembler = WebSocketAssembler(
            maxMessageSize: configuration.maxMessageSize,
            allowsDeflate: configuration.deflate != nil
        )
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.channel = context.channel
        guard let parameters = self.configuration.deflate else { return }
        self.inflater = Inflater(maxSize: self.configuration.maxMessageSize)
        self.deflater = Deflater(parameters)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.channel = nil
        self.didClose()
    }

    // MARK: Sending

    /// Whether messages have to go through `write(_:)`, which compresses them.
    var compresses: Bool { self.deflater != nil }

    /// Writes frames that are made already, without flushing.
    func write(frames: ByteBuffer) {
        self.eventLoop.assertInEventLoop()
        guard self.state == .open, let context = self.context else { return }
        self.write(frames, context: context)
    }

    /// Writes without flushing.
    func write(_ packet: EncodedPacket) {
        self.eventLoop.assertInEventLoop()
        guard self.state == .open, let context = self.context else { return }
        if let deflater = self.deflater {
            self.write(packet.deflatedFrame(with: deflater), context: context)
        } else {
            self.write(packet.webSocketFrame, context: context)
        }
    }

    /// Writes a message as one frame, without flushing.
    func write(_ message: EngineMessage) {
        guard self.state == .open, let context = self.context else { return }
        let (opcode, payload): (WebSocketOpcode, ByteBuffer) =
            switch message {
            case .text(let text): (.text, text)
            case .binary(let bytes): (.binary, bytes)
            }
        if let deflated = self.deflater?.deflate(payload), deflated.readableBytes < payload.readableBytes {
            let frame = WebSocketFraming.frame(opcode, length: deflated.readableBytes, rsv1: true) {
                $0.writeImmutableBuffer(deflated)
            }
            self.write(frame.frame, context: context)
        } else {
            let frame = WebSocketFraming.frame(opcode, length: payload.readableBytes) {
                $0.writeImmutableBuffer(payload)
            }
            self.write(frame.frame, context: context)
        }
    }

    private func write(_ frame: ByteBuffer, context: ChannelHandlerContext) {
        self.largestWrite = max(self.largestWrite, frame.readableBytes)
        self.writtenBytes += frame.readableBytes
        context.write(self.wrapOutboundOut(frame), promise: nil)
        // The channel turns unwritable at the outbound bound. What only waits for the flush is no slowness yet.
        if self.channel?.isWritable == false { self.flush() }
    }

    /// Writes and flushes packets that a session on another event loop sent.
    func receiveRelayed(_ packets: [EncodedPacket]) {
        self.pendingRemoteBytes.wrappingDecrement(by: packets.reduce(0) { $0 + $1.size }, ordering: .relaxed)
        for packet in packets { self.write(packet) }
        self.flush()
    }

    func flush() {
        guard let context = self.context else { return }
        context.flush()
        guard self.state == .open else { return }
        guard self.channel?.isWritable == false else { return self.pauseReadingIfMuchWaits(context) }
        switch self.configuration.slowReader {
        case .disconnect:
            // A message that is larger than the bound by itself makes no client slow.
            if self.waitingBytes > self.largestWrite { self.receiver?.webSocketIsSlow(self) }
        case .pauseReading: self.isReadingPaused = true
        }
    }

    /// Bytes that the kernel has not taken yet.
    private var waitingBytes: Int { (try? self.channel?.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0 }

    /// A client that sends much before it reads the answers is not slow: what it sends waits until it has read them.
    private func pauseReadingIfMuchWaits(_ context: ChannelHandlerContext) {
        let bound = self.configuration.maxOutboundBytes / 4
        guard self.writtenBytes - self.drainedBytes >= bound, !self.isReadingPaused else { return }
        self.drainedBytes = self.writtenBytes - self.waitingBytes
        guard self.writtenBytes - self.drainedBytes >= bound else { return }
        self.isReadingPaused = true
        if self.configuration.slowReader == .disconnect { self.expectProgress() }
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer())).hop(to: self.eventLoop).whenSuccess {
            guard self.isReadingPaused, let context = self.context else { return }
            self.isReadingPaused = false
            context.read()
        }
    }

    /// A client that is not read since it does not read either is slow once it has read nothing for a while.
    private func expectProgress() {
        self.eventLoop.scheduleTask(in: Self.progressTime) {
            guard self.isReadingPaused, self.state == .open else { return }
            let drained = self.writtenBytes - self.waitingBytes
            guard drained > self.drainedBytes else {
                self.receiver?.webSocketIsSlow(self)
                return
            }
            self.drainedBytes = drained
            self.expectProgress()
        }
    }

    private static let progressTime = TimeAmount.seconds(5)

    // MARK: Closing

    /// Sends a close frame and waits a bounded time for the client's.
    func close(_ code: WebSocketErrorCode?, reason: String = "") {
        self.eventLoop.assertInEventLoop()
        guard self.state == .open, let context = self.context else { return }
        self.state = .closing
        if self.isReadingPaused {
            self.isReadingPaused = false
            context.read()
        }
        context.writeAndFlush(
            self.wrapOutboundOut(WebSocketFraming.closeFrame(code: code, reason: reason)),
            promise: nil
        )
        let channel = context.channel
        let timeout = self.eventLoop.scheduleTask(in: self.configuration.closeTimeout) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in timeout.cancel() }
        self.didClose()
    }

    /// Fails the connection (RFC 6455 section 7.1.7): the close frame, and behind it the connection's end. Nothing more
    /// of what the client sends is looked at.
    private func fail(_ code: WebSocketErrorCode, reason: String = "") {
        guard let context = self.context else { return }
        self.isUnreadable = true
        guard self.state == .open else { return context.close(promise: nil) }
        self.close(code, reason: reason)
        // Only this direction ends at once: closing over what the client still sends would reset the connection, and the
        // close frame might be lost with it. The rest ends with the client's side, or with the close timeout.
        context.close(mode: .output, promise: nil)
    }

    /// Drops the connection with whatever waits in it.
    func abort() {
        self.context?.close(promise: nil)
        self.didClose()
    }

    private func didClose() {
        if self.state == .open { self.state = .closed }
        guard !self.isReceiverTold else { return }
        self.isReceiverTold = true
        self.receiver?.webSocketClosed(self)
        self.receiver = nil
    }

    // MARK: Receiving

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !self.isUnreadable else { return }
        self.parser.receive(self.unwrapInboundIn(data))
        do throws(WebSocketFrameParser.Failure) {
            while self.context != nil, !self.isUnreadable, let frame = try self.parser.next() {
                self.receive(frame, context: context)
            }
        } catch {
            switch error {
            case .tooLarge: self.fail(.messageTooLarge, reason: "message too big")
            case .invalidControlFrame: self.fail(.protocolError)
            }
        }
    }

    private func receive(_ frame: ClientFrame, context: ChannelHandlerContext) {
        let event = self.assembler.receive(frame)
        guard self.state == .open else {
            // The rest of a connection that is closing matters only for the client's close frame.
            if self.state == .closing, case .close = event { context.close(promise: nil) }
            return
        }
        switch event {
        case .none, .pong: break
        case .message(let message, isDeflated: false): self.receiver?.webSocket(self, received: message)
        case .message(let message, isDeflated: true): self.receiveDeflated(message)
        case .ping(let payload):
            let pong = WebSocketFraming.frame(.pong, length: payload.readableBytes) { $0.writeImmutableBuffer(payload) }
            self.write(pong.frame, context: context)
            self.isFlushNeeded = true
        case .close(let code):
            self.state = .closing
            let frame = self.wrapOutboundOut(WebSocketFraming.closeFrame(code: code))
            let channel = context.channel
            context.writeAndFlush(frame).whenComplete { _ in channel.close(promise: nil) }
            // A client that does not read cannot keep the connection by its unread queue.
            let timeout = self.eventLoop.scheduleTask(in: self.configuration.closeTimeout) {
                channel.close(promise: nil)
            }
            channel.closeFuture.whenComplete { _ in timeout.cancel() }
            self.didClose()
        case .failure(let code, let reason): self.fail(code, reason: reason)
        }
    }

    private func receiveDeflated(_ message: EngineMessage) {
        guard let inflater = self.inflater else { return self.fail(.protocolError) }
        do throws(InflateError) {
            switch message {
            case .text(let compressed):
                let text = try inflater.inflate(compressed)
                var validator = UTF8Validator()
                guard validator.consume(text.readableBytesView), validator.isComplete else {
                    return self.fail(.dataInconsistentWithMessage, reason: "invalid UTF-8")
                }
                self.receiver?.webSocket(self, received: .text(text))
            case .binary(let compressed):
                self.receiver?.webSocket(self, received: .binary(try inflater.inflate(compressed)))
            }
        } catch {
            switch error {
            case .tooLarge: self.fail(.messageTooLarge, reason: "message too big")
            case .invalid: self.fail(.dataInconsistentWithMessage, reason: "invalid compressed data")
            }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // The pongs of one read leave together.
        if self.isFlushNeeded {
            self.isFlushNeeded = false
            self.flush()
        }
        self.receiver?.webSocketReadComplete(self)
    }

    func read(context: ChannelHandlerContext) {
        if !self.isReadingPaused { context.read() }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        // An application that had an earlier request of this connection closes its side of it, which is no longer its own.
        if mode == .output {
            promise?.succeed()
        } else {
            context.close(promise: promise)
        }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { self.largestWrite = 0 }
        guard context.channel.isWritable, self.isReadingPaused else { return }
        self.isReadingPaused = false
        context.read()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.didClose()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            // Nobody is left to answer the closing handshake.
            context.close(promise: nil)
            self.didClose()
        case is ChannelShouldQuiesceEvent:
            self.close(.goingAway, reason: CloseReason.serverShutdown.rawValue)
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.abort()
    }
}

extension WebSocketConnection: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
}
