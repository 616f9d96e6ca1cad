internal import Glibc

/// An IP address as its bytes in network order: 4 or 16.
package struct IPAddress: Hashable, Sendable {
    package let bytes: [UInt8]

    package init?(_ text: some StringProtocol) {
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
    package static func parse(_ text: String, _ family: Int32, count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return inet_pton(family, text, &bytes) == 1 ? bytes : nil
    }

    /// As `inet_pton` reads it, in its shortest form (RFC 5952).
    package var text: String {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { buffer in
            let family = bytes.count == 4 ? AF_INET : AF_INET6
            return inet_ntop(family, bytes, buffer.baseAddress, socklen_t(INET6_ADDRSTRLEN)).map { String(cString: $0) }
                ?? ""
        }
    }
}
