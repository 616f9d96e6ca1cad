import HTTPTypes
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Guards the requests of one connection against clients that are slow, malformed or too much.
///
/// - A body has to bring `minimumRate(after:)` on average over every `timeout` in which the server was ready to read, and
///   to end within `maximumTime` of such time; else 408.
/// - An answer of which less than that is read over a `timeout` ends the connection.
/// - A body that cannot be parsed is answered 400.
/// - After an answer that came before its request's end (413, say) what is left is not read, unless it is little: the
///   answer says `Connection: close`, and the connection ends.
final class RequestGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// Bytes a second that have to be read of an answer.
    private static let minimumRate = 512
    /// Bytes a second that a body has to bring which the server has waited for that many seconds: whoever holds a place
    /// for long has to make use of it. A telephone at the edge of its network brings 20,000.
    private static func minimumRate(after seconds: Int64) -> Int {
        switch seconds {
        case ..<60: minimumRate
        case ..<120: 2048
        case ..<180: 4096
        default: 8192
        }
    }
    /// Seconds that the server waits for a body in all.
    private static let maximumTime: Int64 = 3600
    /// Bytes that are still read after an early answer, so that the connection can be used again.
    private static let maximumDrained = 64 * 1024
    /// How long a client may take to read an early answer before its connection is closed under what it sends.
    private static let lingering = TimeAmount.seconds(2)

    private enum Response {
        case awaited, begun, ended
        /// Ended early: nothing more is read or written.
        case final
    }

    private let timeout: TimeAmount
    private var isReceiving = false
    private var isHead = false
    private var response = Response.ended
    /// Whether the guard itself answers: what is still to come is of no use then.
    private var isRefused = false
    /// Bytes that the request's head announced and that have not come; nil where it announced none.
    private var outstanding: Int?
    private var received = 0
    /// Seconds that the server has waited for the body, before the present time-out.
    private var waitedBefore: Int64 = 0
    /// Within the present time-out: since when, if at all, the server has not been ready to read, and how long before.
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
        guard received < needed || waitedBefore >= Self.maximumTime else { return beginPeriod(context) }
        refuse(Problem(.requestTimeout, code: "timeout", detail: "the request's body comes too slowly"), context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is HTTPParserError, isReceiving {
            refuse(
                Problem(.badRequest, code: "malformed_request", detail: "the request's body cannot be read"), context)
        }
        context.fireErrorCaught(error)
    }

    /// Answers in the application's place, if it has not begun to, and ends the connection.
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

    /// Whether too much of the request is still to come for it to be read after its answer.
    private var endsConnection: Bool {
        isRefused || isReceiving && outstanding.map { $0 > Self.maximumDrained } ?? true
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

    /// While the channel is not writable nothing is added to what waits in it.
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

    /// What the client's slowness keeps from being written, in bytes.
    private func waitingBytes(_ context: ChannelHandlerContext) -> Int {
        (try? context.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
    }
}

extension HTTPFields {
    /// The body's length as its sender says it (RFC 9110 § 8.6). The parser has seen that it is a number: one that is too
    /// large for an `Int` is too large for everything.
    var announcedLength: Int? { self[.contentLength].map { Int($0) ?? .max } }
}
