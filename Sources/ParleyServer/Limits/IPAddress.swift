import Glibc
import NIOCore

/// An IP address as its bytes in network order: 4 or 16.
struct IPAddress: Hashable, Sendable {
    let bytes: [UInt8]

    init?(_ text: some StringProtocol) {
        let text = String(text)
        if let v4 = Self.parse(text, AF_INET, count: 4) {
            bytes = v4
        } else if let v6 = Self.parse(text, AF_INET6, count: 16) {
            // An IPv4 client on a socket for both families (RFC 4291, section 2.5.5.2) is the same client.
            let isMapped = v6.prefix(10).allSatisfy { $0 == 0 } && v6[10] == 0xFF && v6[11] == 0xFF
            bytes = isMapped ? Array(v6.suffix(4)) : v6
        } else {
            return nil
        }
    }

    /// - Returns: The address's bytes, `count` of them for its family.
    static func parse(_ text: String, _ family: Int32, count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return inet_pton(family, text, &bytes) == 1 ? bytes : nil
    }

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
