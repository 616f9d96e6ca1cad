/// Decides to which addresses the server may connect because somebody wrote a link: to those of the public Internet, and to
/// the networks that the operator allows. Everything else would let whoever writes messages ask the server's neighbors, and
/// the server itself, questions that only it can ask.
package struct AddressGuard: Sendable {
    private let allowed: [IPNetwork]

    /// - Parameter allowed: Networks that count as public, with any port.
    package init(allowing allowed: [IPNetwork] = []) { self.allowed = allowed }

    package func permits(_ address: IPAddress, port: Int) -> Bool {
        if allowed.contains(where: { $0.contains(address) }) { return (1...65535).contains(port) }
        return (port == 80 || port == 443) && Self.isPublic(address)
    }

    /// Whether anybody on the Internet can reach it.
    static func isPublic(_ address: IPAddress) -> Bool {
        guard address.bytes.count == 16 else { return !special.contains { $0.contains(address) } }
        // A translator (RFC 6052, section 2.1) connects to the IPv4 address at its end. Where DNS64 is used, all names lead there.
        if translated.contains(where: { $0.contains(address) }) {
            return IPAddress(address.bytes.suffix(4).map(String.init).joined(separator: ".")).map(isPublic) ?? false
        }
        return global.contains(address) && !specialGlobal.contains { $0.contains(address) }
    }

    /// IANA's registry of special-purpose IPv4 addresses (RFC 6890), multicast and what is reserved. Those of the clouds'
    /// metadata services are among them: 169.254.169.254 is link-local, 100.100.100.200 shared; 168.63.129.16 is Azure's own.
    private static let special = networks(
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32")

    /// Only these IPv6 addresses are routed (RFC 4291, section 2.4): not `::1`, `fc00::/7`, `fe80::/10` and `ff00::/8`.
    private static let global = networks("2000::/3")[0]

    /// Special ones among them: Teredo and other protocols' own, documentation, and 6to4, which embeds any IPv4 address.
    private static let specialGlobal = networks(
        "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")

    /// An IPv4-mapped address is already the IPv4 address that it means: `IPAddress` reads it so.
    private static let translated = networks("64:ff9b::/96")

    private static func networks(_ texts: String...) -> [IPNetwork] {
        texts.map { text in
            guard let network = IPNetwork(text) else { preconditionFailure("\(text) is no network") }
            return network
        }
    }
}
