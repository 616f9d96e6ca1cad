import NIOCore
import NIOHTTP1

/// Refusals by the gate: of malformed requests, and of those that the application's screening refuses.
extension UpgradeGate {
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The first malformed bytes have been reported. More need no report.
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

    /// Whether the malformed bytes belong to the current request or the next one, with no unanswered requests before
    /// them.
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
        // Bytes after a last request are ignored. The application closes the connection.
        case .idle where !keepsAlive: break
        case .idle, .receiving:
            abortExchange()
            isHead = false
            // RFC 6585, section 5.
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
