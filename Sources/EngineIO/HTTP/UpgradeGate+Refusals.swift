import NIOCore
import NIOHTTP1

/// What the gate answers itself: requests that cannot be read, and those that the application does not want.
extension UpgradeGate {
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // More of what cannot be read: that it cannot was said when it began.
        if case ByteToMessageDecoderError.dataReceivedInErrorState = error { return }
        guard let error = error as? HTTPParserError else {
            if case .application = activity { return context.fireErrorCaught(error) }
            abortExchange()
            return context.close(promise: nil)
        }
        if isErrorReached {
            fail(error, context: context)
        } else {
            unreadable = error
        }
    }

    /// Whether what cannot be read is of the present request, or where the next one should be, and not behind others
    /// that are still to be answered.
    var isErrorReached: Bool {
        guard deferred.isEmpty else { return false }
        switch activity {
        case .application(let requestEnded, _): return !requestEnded
        case .answering: return false
        case .idle, .refused, .receiving, .discarding, .upgraded: return true
        }
    }

    func fail(_ error: HTTPParserError, context: ChannelHandlerContext) {
        switch activity {
        case .application: context.fireErrorCaught(error)
        // What follows a last request is nobody's, and the application closes the connection.
        case .idle where !keepsAlive: break
        case .idle, .receiving:
            abortExchange()
            isHead = false
            // RFC 6585 § 5.
            let status: HTTPResponseStatus = error == .headerOverflow ? .requestHeaderFieldsTooLarge : .badRequest
            refuse(screening.unreadable(status, context.channel.remoteAddress))
        case .discarding: break
        case .refused, .answering, .upgraded: context.close(promise: nil)
        }
    }

    func abortExchange() {
        switch activity {
        case .receiving(let exchange, _, _), .answering(let exchange): exchange.abort()
        case .idle, .application, .refused, .discarding, .upgraded: break
        }
    }
}
