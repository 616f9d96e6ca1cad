import NIOCore
import NIOHTTP1

/// Answers that do not come from the application.
extension UpgradeGate {
    /// How long the connection still reads after its last answer, unless the client ends it sooner.
    static let lingering = TimeAmount.seconds(2)

    /// Writes an endpoint's answer.
    func respond(_ response: HTTPExchange.Response) {
        guard let context else {
            response.written?.fail(ChannelError.alreadyClosed)
            return
        }
        let requestEnded =
            switch activity {
            case .receiving, .refused: false
            case .idle, .application, .answering, .discarding, .upgraded: true
            }
        let keepsAlive = self.keepsAlive && requestEnded && !isQuiescing
        var head = HTTPResponseHead(version: .http1_1, status: response.status, headers: response.headers)
        if response.status != .noContent {
            head.headers.replaceOrAdd(name: "Content-Length", value: String(response.body.readableBytes))
        }
        if !keepsAlive { head.headers.replaceOrAdd(name: "Connection", value: "close") }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if response.body.readableBytes > 0, !isHead {
            context.write(wrapOutboundOut(.body(.byteBuffer(response.body))), promise: nil)
        }
        let channel = context.channel
        let written = context.writeAndFlush(wrapOutboundOut(.end(nil)))
        if let promise = response.written { written.cascade(to: promise) }
        if keepsAlive { return becomeIdle() }
        deferred.removeAll()
        activity = .discarding
        guard !requestEnded || !isQuiescing else {
            return written.whenComplete { _ in channel.close(promise: nil) }
        }
        // Closing with unread bytes would reset the connection, and the client could lose the answer (RFC 9112, section
        // 9.6).
        timer?.set(context.eventLoop.now + Self.lingering)
        written.flatMap { channel.close(mode: .output) }.whenFailure { _ in channel.close(promise: nil) }
        context.read()
    }

    /// Answers instead of the endpoint or the application, and ends the connection.
    func refuse(_ answer: HTTPScreening.Answer) {
        keepsAlive = false
        respond(.init(status: answer.status, headers: answer.headers, body: answer.body))
    }
}
