import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Guards the requests of one connection against clients that are slow, malformed or too large.
///
/// - A body must bring `minimumRate(after:)` on average over every `timeout` in which the server was ready to read, and
///   end within `maxTime` of such time. Otherwise the answer is 408.
/// - If a client reads less than that of an answer in one `timeout`, the connection ends.
/// - A body that cannot be parsed is answered 400.
/// - When an answer came before its request's end (413, say), the rest of the request is not read unless it is small.
///   The answer then says `Connection: close`, and the connection ends.
final class RequestGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Bytes that a client must read of an answer in a second.
    private static let minimumRate = 512
    /// Bytes that a body must bring in a second, once the server has waited for it for so many seconds. The longer a
    /// client holds a place, the more it has to use it. A phone at the edge of its network brings 20,000.
    private static func minimumRate(after seconds: Int64) -> Int {
        switch seconds {
        case ..<60: minimumRate
        case ..<120: 2048
        case ..<180: 4096
        default: 8192
        }
    }
    /// Seconds that the server waits for a whole body.
    private static let maxTime: Int64 = 3600
    /// Bytes that are still read after an early answer, so that the connection can be used again.
    private static let maxDrained = 64 * 1024
    /// How long a client may take to read an early answer before its connection is closed while it still sends.
    private static let lingering = TimeAmount.seconds(2)

    private enum Response {
        case awaited, begun, ended
        /// Ended early. Nothing more is read or written.
        case final
    }

    private let timeout: TimeAmount
    private var isReceiving = false
    private var isHead = false
    private var response = Response.ended
    /// Whether the guard itself answers. The rest of the request is useless then.
    private var isRefused = false
    /// Announced bytes that have not come yet; nil where the head announced no length.
    private var outstanding: Int?
    private var received = 0
    /// Seconds that the server has waited for the body before the current period.
    private var waitedBefore: Int64 = 0
    /// Within the current period: since when the server has not been ready to read, and how long before that.
    private var pausedSince: NIODeadline?
    private var paused = TimeAmount.zero
    private var deadline: Scheduled<Void>?
    private var writeDeadline: Scheduled<Void>?

    init(timeout: TimeAmount) { self.timeout = timeout }

    func handlerRemoved(context: ChannelHandlerContext) {
        deadline?.cancel()
        writeDeadline?.cancel()
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .final = response { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            isReceiving = true
            isHead = head.method == .head
            response = .awaited
            isRefused = false
            outstanding =
                head.headerFields[.transferEncoding] == nil
                ? head.headerFields.announcedLength ?? 0 : nil
            waitedBefore = 0
            beginPeriod(context)
        case .body(let bytes):
            received += bytes.readableBytes
            outstanding = outstanding.map { $0 - bytes.readableBytes }
        case .end:
            isReceiving = false
            deadline?.cancel()
        }
        context.fireChannelRead(data)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if case .final = response { return context.read() }
        if pausedSince == nil { pausedSince = .now() }
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if let since = pausedSince { paused = paused + (.now() - since) }
        pausedSince = nil
        context.read()
    }

    private func beginPeriod(_ context: ChannelHandlerContext) {
        received = 0
        paused = .zero
        if pausedSince != nil { pausedSince = .now() }
        deadline?.cancel()
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) { self.endPeriod(context) }
    }

    private func endPeriod(_ context: ChannelHandlerContext) {
        guard isReceiving else { return }
        let paused = paused + (pausedSince.map { .now() - $0 } ?? .zero)
        let waited = (max(0, timeout.nanoseconds - paused.nanoseconds) + 500_000_000) / 1_000_000_000
        let needed = Int(waited) * Self.minimumRate(after: waitedBefore)
        waitedBefore += waited
        guard received < needed || waitedBefore >= Self.maxTime else { return beginPeriod(context) }
        refuse(Problem(.requestTimeout, code: "timeout", detail: "the request's body comes too slowly"), context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is HTTPParserError, isReceiving {
            refuse(
                Problem(.badRequest, code: "malformed_request", detail: "the request's body cannot be read"), context)
        }
        context.fireErrorCaught(error)
    }

    /// Answers in the application's place, unless it has begun to, and ends the connection.
    private func refuse(_ problem: Problem, _ context: ChannelHandlerContext) {
        guard case .awaited = response else { return context.close(promise: nil) }
        isRefused = true
        let (head, body) = problem.parts
        write(.head(head), context)
        if !isHead { write(.body(body), context) }
        write(.end(nil), context)
        context.flush()
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .final = response {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        write(unwrapOutboundIn(data), context, promise)
    }

    private func write(
        _ part: HTTPResponsePart, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>? = nil
    ) {
        var part = part
        switch part {
        case .head(var head) where head.status.kind != .informational:
            response = .begun
            if endsConnection {
                head.headerFields[.connection] = "close"
                part = .head(head)
            }
        case .end:
            response = endsConnection ? .final : .ended
        default:
            break
        }
        context.write(wrapOutboundOut(part), promise: promise)
        guard case .final = response, case .end = part else { return }
        context.flush()
        isReceiving = false
        deadline?.cancel()
        context.read()
        deadline = context.eventLoop.assumeIsolated().scheduleTask(in: Self.lingering) { context.close(promise: nil) }
    }

    /// Whether too much of the request is still to come to read it after its answer.
    private var endsConnection: Bool {
        isRefused || isReceiving && outstanding.map { $0 > Self.maxDrained } ?? true
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .final = response, case ChannelEvent.inputClosed? = event as? ChannelEvent {
            return context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        writeDeadline?.cancel()
        if !context.channel.isWritable { beginWritePeriod(context) }
        context.fireChannelWritabilityChanged()
    }

    /// While the channel is not writable, nothing is added to its buffer.
    private func beginWritePeriod(_ context: ChannelHandlerContext) {
        let before = waitingBytes(context)
        writeDeadline = context.eventLoop.assumeIsolated().scheduleTask(in: timeout) {
            let written = before - self.waitingBytes(context)
            guard written >= Int(self.timeout.nanoseconds / 1_000_000_000) * Self.minimumRate else {
                return context.close(promise: nil)
            }
            self.beginWritePeriod(context)
        }
    }

    /// Bytes that wait to be written because the client reads slowly.
    private func waitingBytes(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}

extension HTTPFields {
    /// The length of the body as its sender announces it (RFC 9110, section 8.6). The HTTP parser has checked that it
    /// is a number. One that is too large for an `Int` is too large for every limit.
    var announcedLength: Int? { self[.contentLength].map { Int($0) ?? .max } }
}
