internal import NIOCore
internal import NIOHTTP1

/// What the store answered before it had the whole request.
struct EarlyAnswer: Error {
    let status: UInt
    let headers: HTTPHeaders
    var body = ByteBuffer()
}

/// Fails a request that is answered early with that answer.
///
/// The client would end such a request without a word to the task that sends its body: if it waited for the socket, it would
/// wait for ever, with its file open. A request that fails ends that task.
final class EarlyAnswerHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart
    typealias OutboundIn = HTTPClientRequestPart
    typealias OutboundOut = HTTPClientRequestPart

    private let maxBytes: Int
    /// Whether a request has begun and not ended.
    private var isSending = false
    /// Bytes of its body that were announced and not yet written.
    private var missing = 0
    private var early: EarlyAnswer?
    private var isReported = false

    /// - Parameter maxBytes: Of an answer's body, what is taken.
    init(maxBytes: Int) { self.maxBytes = maxBytes }

    /// Puts one before the client's own handlers of a connection.
    static func add(to channel: any Channel, maxBytes: Int) -> EventLoopFuture<Void> {
        channel.eventLoop.submit {
            let pipeline = channel.pipeline.syncOperations
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPResponseDecoder>.self)
            try pipeline.addHandler(EarlyAnswerHandler(maxBytes: maxBytes), position: .after(decoder))
        }
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head):
            isSending = true
            missing = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        case .body(let bytes): missing -= bytes.readableBytes
        case .end: isSending = false
        }
        context.write(data, promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        if early != nil { return take(part, context) }
        // A good answer may come between the last byte and the end, which nobody sees on the wire.
        if case .head(let head) = part, isSending, head.status.code >= (missing > 0 ? 200 : 300) {
            early = EarlyAnswer(status: head.status.code, headers: head.headers)
            return
        }
        context.fireChannelRead(data)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        report(context)
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        report(context)
        context.fireChannelInactive()
    }

    private func take(_ part: HTTPClientResponsePart, _ context: ChannelHandlerContext) {
        switch part {
        case .head: break
        case .body(let bytes):
            guard let known = early?.body.readableBytes, known + bytes.readableBytes <= maxBytes else {
                return report(context)
            }
            early?.body.writeImmutableBuffer(bytes)
        case .end: report(context)
        }
    }

    /// The client closes the connection then.
    private func report(_ context: ChannelHandlerContext) {
        guard let early, !isReported else { return }
        isReported = true
        context.fireErrorCaught(early)
    }
}
