import HTTPTypes
import NIOCore
import NIOHTTPTypes

/// Honors `Expect: 100-continue` (RFC 9110, section 10.1.1): curl waits a second for it before it sends a larger
/// upload. A body that is too large gets no such answer, so that its sender sees the refusal instead.
final class ExpectContinue: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias OutboundOut = HTTPResponsePart

    private let maxBytes: Int

    init(maxBytes: Int) { self.maxBytes = maxBytes }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data), head.headerFields[.expect]?.lowercased() == "100-continue",
            head.headerFields.announcedLength ?? 0 <= maxBytes
        {
            context.writeAndFlush(wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
        }
        context.fireChannelRead(data)
    }
}
