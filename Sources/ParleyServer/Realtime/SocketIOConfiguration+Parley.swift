import Chat
import ChatModel
import EngineIO
import HTTPTypes
import SocketIO

extension SocketIOConfiguration {
    /// - Parameters:
    ///   - policy: Which handshakes are accepted.
    ///   - nodes: A session's id begins with its server's number, by which a load balancer finds it.
    static func parley(_ policy: ClientPolicy, _ nodes: Nodes) -> SocketIOConfiguration {
        var configuration = SocketIOConfiguration()
        configuration.engine.sessionIDPrefix = { "\(nodes.identity.number)-" }
        let allowed = policy.origins.allowed
        configuration.engine.cors =
            allowed.isEmpty ? .sameOrigin : .allowing { WebOrigin($0).map(allowed.contains) ?? false }
        configuration.engine.screening = { request in
            if let refusal = policy.spend(.handshakes, request) ?? policy.refusal(ofPageOf: request) {
                return .refuse(refusal)
            }
            guard let shares = policy.shares, let client = policy.proxies.forwardedClient(of: request) else {
                return .accept()
            }
            guard let share = shares.take(client) else { return .refuse(HandshakeRefusal(ConnectionShares.refusal)) }
            return .accept(holding: share)
        }
        configuration.engine.refusing = { policy.spend(.anonymousRequests, $0) }
        return configuration
    }
}

extension ClientPolicy {
    fileprivate func spend(_ rule: RateLimits.Rule, _ request: HandshakeRequest) -> HandshakeRefusal? {
        do throws(ChatError) {
            try limits.spend(rule, of: .address(proxies.client(of: request)))
            return nil
        } catch {
            return HandshakeRefusal(error)
        }
    }

    /// Browsers send `Origin` with every WebSocket, and CORS does not protect those (RFC 6455, section 10.2).
    fileprivate func refusal(ofPageOf request: HandshakeRequest) -> HandshakeRefusal? {
        guard let origin = request.origin else { return nil }
        let isSecure = origins.isSecure(throughTLSProxy: proxies.saysTLS(request))
        let page = origins.page(origin: origin, authority: request.authority, isSecure: isSecure)
        guard case .stranger(let reason) = page else { return nil }
        return HandshakeRefusal(status: .forbidden, message: reason)
    }
}

extension HandshakeRefusal {
    /// For a client that exceeds a limit.
    fileprivate init(_ error: ChatError) {
        self.init(
            status: .tooManyRequests, message: error.detail, headers: [.retryAfter: String(error.retryAfter ?? 1)])
    }
}
