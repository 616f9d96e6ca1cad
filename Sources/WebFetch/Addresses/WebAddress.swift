package import Foundation

/// An address of the web that the server may ask for: `http` or `https`, a host, and no credentials.
package struct WebAddress: Sendable, Hashable, CustomStringConvertible {
    /// Without the fragment, which is never sent (RFC 9110, section 4.2.5).
    package let url: URL
    /// In lower case; an IPv6 address without brackets.
    package let host: String
    package let port: Int

    private static let maxLength = 2048

    package init?(_ text: String, relativeTo base: WebAddress? = nil) {
        guard text.utf8.count <= Self.maxLength, let parsed = URL(string: text, relativeTo: base?.url)?.absoluteURL,
            var parts = URLComponents(url: parsed, resolvingAgainstBaseURL: true)
        else { return nil }
        let scheme = parts.scheme?.lowercased()
        guard scheme == "http" || scheme == "https", parts.user == nil, parts.password == nil,
            let named = parts.encodedHost?.lowercased(), !named.isEmpty
        else { return nil }
        parts.scheme = scheme
        parts.encodedHost = named
        parts.fragment = nil
        if parts.percentEncodedPath.isEmpty { parts.percentEncodedPath = "/" }
        guard let url = parts.url, url.absoluteString.utf8.count <= Self.maxLength else { return nil }
        self.url = url
        let bare = named.hasPrefix("[") && named.hasSuffix("]") ? String(named.dropFirst().dropLast()) : named
        // A zone names an interface of this machine.
        guard !bare.contains("%") else { return nil }
        host = bare
        port = parts.port ?? (scheme == "https" ? 443 : 80)
    }

    package var description: String { url.absoluteString }
}
