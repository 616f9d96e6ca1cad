import ChatModel
import HTTPTypes
import NIOCore
import NIOHTTPTypes
import WebFetch

/// Counts a request through a trusted proxy as one connection of the client that the proxy names, until it is answered.
/// The proxy's own connections are not counted.
final class ForwardedShare: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    private let shares: ConnectionShares
    private let proxies: TrustedProxies
    private var share: ConnectionShares.Share?
    private var isFromProxy = false
    /// Whether the parts that come belong to a refused request.
    private var isRefused = false

    init(shares: ConnectionShares, proxies: TrustedProxies) {
        self.shares = shares
        self.proxies = proxies
    }

    func handlerAdded(context: ChannelHandlerContext) {
        isFromProxy = IPAddress(context.remoteAddress).map(proxies.contains) ?? false
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head) where isFromProxy:
            let forwardedFor = head.headerFields[values: .xForwardedFor]
            if let client = proxies.forwardedClient(peer: context.remoteAddress, forwardedFor: forwardedFor) {
                share = shares.take(client)
                if share == nil { return refuse(head, context) }
            }
        case .head: break
        case .body:
            if isRefused { return }
        case .end:
            if isRefused {
                isRefused = false
                return
            }
        }
        context.fireChannelRead(data)
    }

    private func refuse(_ head: HTTPRequest, _ context: ChannelHandlerContext) {
        isRefused = true
        let (answer, body) = Problem(ConnectionShares.refusal).parts
        context.write(wrapOutboundOut(.head(answer)), promise: nil)
        if head.method != .head { context.write(wrapOutboundOut(.body(body)), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if case .end = unwrapOutboundIn(data) { share = nil }
        context.write(data, promise: promise)
    }

    func channelInactive(context: ChannelHandlerContext) {
        share = nil
        context.fireChannelInactive()
    }
}

extension ConnectionShares {
    static let refusal = ChatError(.rateLimited, "too many connections from this address", retryAfter: 10)
}
