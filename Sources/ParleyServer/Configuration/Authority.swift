import Glibc
import WebFetch

/// A host and an optional port (RFC 3986, sections 3.2.2 and 3.2.3), normalized: an IPv6 address in its shortest form
/// (RFC 5952), everything else in lower case. There is no user information, which HTTP does not have (RFC 9110, section
/// 4.2.4).
struct Authority: Hashable, Sendable {
    /// An IPv6 address is in brackets.
    let host: String
    let port: Int?

    /// - Returns: nil for what is no authority. A host must not be empty (RFC 9110, section 4.2.1).
    init?(_ text: some StringProtocol) {
        let text = String(text)
        let hostEnd: String.Index
        if text.utf8.first == UInt8(ascii: "[") {
            guard let bracket = text.firstIndex(of: "]"),
                let address = Self.ipv6(String(text[text.index(after: text.startIndex)..<bracket]))
            else { return nil }
            host = "[\(address)]"
            hostEnd = text.index(after: bracket)
        } else {
            hostEnd = text.firstIndex(of: ":") ?? text.endIndex
            guard Self.isName(text[..<hostEnd]) else { return nil }
            host = text[..<hostEnd].lowercased()
        }
        guard hostEnd < text.endIndex else {
            port = nil
            return
        }
        let digits = text[hostEnd...].utf8.dropFirst()
        guard text[hostEnd] == ":", digits.count <= 5, digits.allSatisfy({ (0x30...0x39).contains($0) }) else {
            return nil
        }
        port = Int(Substring(digits))
        guard port ?? 0 <= 65535 else { return nil }
    }

    private static func ipv6(_ text: String) -> String? {
        guard let bytes = IPAddress.parse(text, AF_INET6, count: 16) else { return nil }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
            inet_ntop(AF_INET6, bytes, buffer.baseAddress, socklen_t(INET6_ADDRSTRLEN)).map { String(cString: $0) }
        }
    }

    /// `reg-name`, but without the comma: a list of hosts is no host.
    private static func isName(_ text: Substring) -> Bool {
        guard !text.isEmpty, text.utf8.count <= 255 else { return false }
        var hexDigits = 0
        for byte in text.utf8 {
            if hexDigits > 0 {
                guard isHexDigit(byte) else { return false }
                hexDigits -= 1
                continue
            }
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                continue
            case UInt8(ascii: "%"): hexDigits = 2
            default: guard marks.contains(byte) else { return false }
            }
        }
        return hexDigits == 0
    }

    private static let marks = Set("-._~!$&'()*+;=".utf8)

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }
}
