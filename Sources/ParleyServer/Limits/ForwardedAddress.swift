import NIOCore
import WebFetch

extension IPAddress {
    /// An entry of `X-Forwarded-For`, which no standard specifies: with a port or without (`203.0.113.7:4711`,
    /// `[2001:db8::1]:443`, `2001:db8::1`), and possibly in quotation marks, as in RFC 7239, section 6.
    init?(forwarded entry: Substring) {
        var text = entry
        if text.count >= 2, text.first == "\"", text.last == "\"" { text = text.dropFirst().dropLast() }
        if text.first == "[" {
            guard let bracket = text.firstIndex(of: "]"), Self.isPort(text[bracket...].dropFirst()) else { return nil }
            text = text[..<bracket].dropFirst()
            guard text.contains(":") else { return nil }
        } else if let colon = text.firstIndex(of: ":"), !text[colon...].dropFirst().contains(":") {
            guard Self.isPort(text[colon...]) else { return nil }
            text = text[..<colon]
        }
        self.init(text.prefix { $0 != "%" })
    }

    /// Nothing, or a colon and a port.
    private static func isPort(_ text: Substring) -> Bool {
        guard let colon = text.first else { return true }
        return colon == ":" && (1...5).contains(text.utf8.count - 1)
            && text.utf8.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
    }

    init?(_ address: SocketAddress?) {
        guard let text = address?.ipAddress else { return nil }
        // A link-local address names its interface.
        self.init(text.prefix { $0 != "%" })
    }
}
