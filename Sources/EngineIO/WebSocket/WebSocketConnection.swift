import NIOCore
import NIOWebSocket
import Synchronization

/// The last handler of an upgraded connection. It turns frames into messages, does the closing handshake, and keeps the
/// outbound limit.
///
/// `@unchecked Sendable`: its state is touched on its channel's event loop only, except `pendingRemoteBytes`, which is
/// atomic.
final class WebSocketConnection: ChannelDuplexHandler, @unchecked Sendable {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    struct Configuration {
        var maxMessageSize: Int
        /// Bytes that may wait in the channel and in the kernel before the client counts as slow.
        var maxOutboundBytes: Int
        /// What to do about a client that does not read.
        var slowReader: SlowReader
        var closeTimeout: TimeAmount
        var deflate: DeflateParameters?

        enum SlowReader { case disconnect, pauseReading }
    }

    enum State {
        case open
        /// The close frame was sent. The client's is awaited.
        case closing
        case closed
    }

    let eventLoop: any EventLoop
    let configuration: Configuration
    private var parser: WebSocketFrameParser
    private var assembler: WebSocketAssembler
    private var inflater: Inflater?
    private(set) var deflater: Deflater?
    var receiver: (any WebSocketReceiver)?
    var context: ChannelHandlerContext?
    /// Kept, because the context takes a lock to return it.
    var channel: (any Channel)?
    private(set) var state = State.open
    private var isReceiverTold = false
    var isReadingPaused = false
    private var isUnreadable = false
    private var isFlushNeeded = false
    /// Bytes of the largest write since the channel last was writable.
    var largestWrite = 0
    /// Bytes written so far.
    var writtenBytes = 0
    /// The part of `writtenBytes` that the kernel had taken at the last check.
    var drainedBytes = 0
    /// Bytes in transit from a session on another event loop.
    let pendingRemoteBytes = Atomic(0)

    init(eventLoop: any EventLoop, configuration: Configuration, receiver: any WebSocketReceiver) {
        self.eventLoop = eventLoop
        self.configuration = configuration
        self.receiver = receiver
        parser = WebSocketFrameParser(maxFrameSize: configuration.maxMessageSize)
        assembler = WebSocketAssembler(
            maxMessageSize: configuration.maxMessageSize,
            allowsDeflate: configuration.deflate != nil
        )
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        channel = context.channel
        guard let parameters = configuration.deflate else { return }
        inflater = Inflater(maxSize: configuration.maxMessageSize)
        deflater = Deflater(parameters)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        channel = nil
        didClose()
    }

    // MARK: Sending

    /// Writes encoded frames without flushing.
    func write(frames: ByteBuffer) {
        eventLoop.assertInEventLoop()
        guard state == .open, let context else { return }
        self.write(frames, context: context)
    }

    /// Writes a message as one frame, without flushing.
    func write(_ message: EngineMessage) {
        guard state == .open, let context else { return }
        let (opcode, payload): (WebSocketOpcode, ByteBuffer) =
            switch message {
            case .text(let text): (.text, text)
            case .binary(let bytes): (.binary, bytes)
            }
        if let deflated = deflater?.deflate(payload), deflated.readableBytes < payload.readableBytes {
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
        largestWrite = max(largestWrite, frame.readableBytes)
        writtenBytes += frame.readableBytes
        context.write(wrapOutboundOut(frame), promise: nil)
        // The channel turns unwritable at the outbound limit. Bytes that only wait for a flush do not make a client
        // slow.
        if channel?.isWritable == false { flush() }
    }

    // MARK: Closing

    /// Sends a close frame and waits for the client's, up to the close timeout.
    func close(_ code: WebSocketErrorCode?, reason: String = "") {
        eventLoop.assertInEventLoop()
        guard state == .open, let context else { return }
        state = .closing
        if isReadingPaused {
            isReadingPaused = false
            context.read()
        }
        context.writeAndFlush(
            wrapOutboundOut(WebSocketFraming.closeFrame(code: code, reason: reason)),
            promise: nil
        )
        let channel = context.channel
        let timeout = eventLoop.scheduleTask(in: configuration.closeTimeout) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in timeout.cancel() }
        didClose()
    }

    /// Fails the connection (RFC 6455, section 7.1.7): sends the close frame, and then ends the connection. Everything
    /// else that the client sends is ignored.
    private func fail(_ code: WebSocketErrorCode, reason: String = "") {
        guard let context else { return }
        isUnreadable = true
        guard state == .open else { return context.close(promise: nil) }
        close(code, reason: reason)
        // Only this direction ends at once. Closing both while the client still sends would reset the connection and
        // could lose the close frame. The other direction ends with the client, or at the close timeout.
        context.close(mode: .output, promise: nil)
    }

    /// Drops the connection and everything that waits in it.
    func abort() {
        context?.close(promise: nil)
        didClose()
    }

    private func didClose() {
        if state == .open { state = .closed }
        guard !isReceiverTold else { return }
        isReceiverTold = true
        receiver?.webSocketClosed(self)
        receiver = nil
    }

    // MARK: Receiving

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isUnreadable else { return }
        parser.receive(unwrapInboundIn(data))
        do throws(WebSocketFrameParser.Failure) {
            while self.context != nil, !isUnreadable, let frame = try parser.next() {
                receive(frame, context: context)
            }
        } catch {
            switch error {
            case .tooLarge: fail(.messageTooLarge, reason: "message too big")
            case .invalidControlFrame: fail(.protocolError)
            }
        }
    }

    private func receive(_ frame: ClientFrame, context: ChannelHandlerContext) {
        let event = assembler.receive(frame)
        guard state == .open else {
            // While closing, only the client's close frame matters.
            if state == .closing, case .close = event { context.close(promise: nil) }
            return
        }
        switch event {
        case .none, .pong: break
        case .message(let message, isDeflated: false): receiver?.webSocket(self, received: message)
        case .message(let message, isDeflated: true): receiveDeflated(message)
        case .ping(let payload):
            let pong = WebSocketFraming.frame(.pong, length: payload.readableBytes) { $0.writeImmutableBuffer(payload) }
            write(pong.frame, context: context)
            isFlushNeeded = true
        case .close(let code):
            state = .closing
            let frame = wrapOutboundOut(WebSocketFraming.closeFrame(code: code))
            let channel = context.channel
            context.writeAndFlush(frame).whenComplete { _ in channel.close(promise: nil) }
            // A client that does not read cannot keep the connection open with its queue.
            let timeout = eventLoop.scheduleTask(in: configuration.closeTimeout) {
                channel.close(promise: nil)
            }
            channel.closeFuture.whenComplete { _ in timeout.cancel() }
            didClose()
        case .failure(let code, let reason): fail(code, reason: reason)
        }
    }

    private func receiveDeflated(_ message: EngineMessage) {
        guard let inflater else { return fail(.protocolError) }
        do throws(InflateError) {
            switch message {
            case .text(let compressed):
                let text = try inflater.inflate(compressed)
                var validator = UTF8Validator()
                guard validator.consume(text.readableBytesView), validator.isComplete else {
                    return fail(.dataInconsistentWithMessage, reason: "invalid UTF-8")
                }
                receiver?.webSocket(self, received: .text(text))
            case .binary(let compressed):
                receiver?.webSocket(self, received: .binary(try inflater.inflate(compressed)))
            }
        } catch {
            switch error {
            case .tooLarge: fail(.messageTooLarge, reason: "message too big")
            case .invalid: fail(.dataInconsistentWithMessage, reason: "invalid compressed data")
            }
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        // The pongs of one read leave together.
        if isFlushNeeded {
            isFlushNeeded = false
            flush()
        }
        receiver?.webSocketReadComplete(self)
        // The channel's own call would begin behind the application's handlers. If an earlier request of the connection went
        // to the application, they have ended, and pass on no read any more.
        read(context: context)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        // If an earlier request went to the application, it closes its side now. The connection is no longer its own.
        if mode == .output {
            promise?.succeed()
        } else {
            context.close(promise: promise)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        didClose()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case ChannelEvent.inputClosed:
            // The client can no longer answer the closing handshake.
            context.close(promise: nil)
            didClose()
        case is ChannelShouldQuiesceEvent:
            close(.goingAway, reason: "server shutting down")
        default:
            context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        abort()
    }
}
