/// Scheme, host and port of a page (RFC 6454, section 4). The port is the scheme's default where none is written.
struct WebOrigin: Hashable, Sendable {
    let scheme: String
    let host: String
    let port: Int

    init(isSecure: Bool, _ authority: Authority) {
        scheme = isSecure ? "https" : "http"
        host = authority.host
        port = authority.port ?? (isSecure ? 443 : 80)
    }

    /// - Parameter text: An `Origin` field, or a URL. What follows the authority is ignored.
    /// - Returns: nil for everything but `http` and `https`, and for `null`.
    init?(_ text: some StringProtocol) {
        guard let colon = text.firstIndex(of: ":"), text[colon...].hasPrefix("://") else { return nil }
        let scheme = text[..<colon].lowercased()
        guard scheme == "http" || scheme == "https" else { return nil }
        let rest = text[text.index(colon, offsetBy: 3)...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let authority = Authority(rest) else { return nil }
        self.init(isSecure: scheme == "https", authority)
    }

    var isSecure: Bool { scheme == "https" }

    /// As browsers write it (RFC 6454, section 6.2).
    var text: String {
        port == (isSecure ? 443 : 80) ? "\(scheme)://\(host)" : "\(scheme)://\(host):\(port)"
    }
}
