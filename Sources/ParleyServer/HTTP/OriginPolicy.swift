/// Which pages may talk to this server: its own and those the operator names.
struct OriginPolicy: Sendable {
    /// The page that sent a request.
    enum Page: Sendable, Equatable {
        /// The request names no page.
        case none
        case own
        case permitted
        /// May not use this server, for this reason.
        case stranger(String)
    }

    /// Pages elsewhere that may use this server.
    let allowed: Set<WebOrigin>
    /// The server's public address, if the operator says it.
    let publicOrigin: WebOrigin?
    /// Whether this server itself speaks TLS.
    let speaksTLS: Bool

    /// - Parameter throughTLSProxy: Whether a trusted proxy says that it was reached over TLS.
    func isSecure(throughTLSProxy: Bool) -> Bool {
        publicOrigin?.isSecure ?? (speaksTLS || throughTLSProxy)
    }

    /// The port at which a browser finds the server, unless that is the scheme's own.
    /// - Parameters:
    ///   - authority: What the request called the server.
    ///   - isSecure: Whether it came over TLS.
    func port(authority: String?, isSecure: Bool) -> Int? {
        let own = publicOrigin ?? authority.flatMap { Authority($0) }.map { WebOrigin(isSecure: isSecure, $0) }
        guard let own, own.port != (own.isSecure ? 443 : 80) else { return nil }
        return own.port
    }

    /// - Parameters:
    ///   - origin: The `Origin` field.
    ///   - authority: What the request called the server.
    ///   - isSecure: Whether it came over TLS.
    func page(origin: String?, authority: String?, isSecure: Bool) -> Page {
        guard let origin else { return .none }
        let page = WebOrigin(origin)
        if let page, allowed.contains(page) { return .permitted }
        let called = authority.flatMap { Authority($0) }
        let own = publicOrigin ?? called.map { WebOrigin(isSecure: isSecure, $0) }
        if let page, page == own { return .own }
        var reason = "pages of \(origin.prefix(200)) may not use this server"
        if let page, let own, page.host == own.host {
            reason += ": its own are at \(own.text) unless PUBLIC_URL says otherwise"
        }
        return .stranger(reason)
    }
}

extension OriginPolicy {
    init(_ configuration: ServerConfiguration) {
        self.init(
            allowed: configuration.corsOrigins, publicOrigin: configuration.publicOrigin,
            speaksTLS: configuration.tlsCertificate != nil)
    }
}
