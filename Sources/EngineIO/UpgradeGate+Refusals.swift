import NIOCore
import NIOHTTP1

/// What the gate answers itself: requests that cannot be read, and those that the application does not want.
extension UpgradeGate {
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // More of what cannot be read: that it cannot was said when it began.
        if case ByteToMessageDecoderError.dataReceivedInErrorState = error { return }
        guard let error = error as? HTTPParserError else {
            if case .application = self.activity { return context.fireErrorCaught(error) }
            self.abortExchange()
            return context.close(promise: nil)
        }
        if self.isErrorReached {
            self.fail(error, context: context)
        } else {
            self.unreadable = error
        }
    }

    /// Whether what cannot be read is of the present request, or where the next one should be, and not behind others
    /// that are still to be answered.
    var isErrorReached: Bool {
        guard self.deferred.isEmpty else { return false }
        switch self.activity {
        case .application(let requestEnded, _): return !requestEnded
        case .answering: return false
        case .idle, .refused, .receiving, .discarding, .upgraded: return true
        }
    }

    func fail(_ error: HTTPParserError, context: ChannelHandlerContext) {
        switch self.activity {
        case .application: context.fireErrorCaught(error)
        // What follows a last request is nobody's, and the application closes the connection.
        case .idle where !self.keepsAlive: break
        case .idle, .receiving:
            self.abortExchange()
            self.isHead = false
            // RFC 6585 § 5.
            let status: HTTPResponseStatus = error == .headerOverflow ? .requestHeaderFieldsTooLarge : .badRequest
            self.refuse(self.screening.unreadable(status, context.channel.remoteAddress))
        case .discarding: break
        case .refused, .answering, .upgraded: context.close(promise: nil)
        }
    }

    /// Answers in the place of whoever the request is for, and ends the connection.
    func refuse(_ answer: HTTPScreening.Answer) {
        self.keepsAlive = false
        self.respond(.init(status: answer.status, headers: answer.headers, body: answer.body))
    }

    func abortExchange() {
        switch self.activity {
        case .receiving(let exchange, _, _), .answering(let exchange): exchange.abort()
        case .idle, .application, .refused, .discarding, .upgraded: break
        }
    }
}
