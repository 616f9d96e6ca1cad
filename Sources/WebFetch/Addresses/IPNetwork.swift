/// A network in CIDR notation (RFC 4632), or a single address.
package struct IPNetwork: Sendable, Hashable {
    private let address: [UInt8]
    private let prefixLength: Int

    /// - Returns: nil for what is neither an address nor a network.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let address = IPAddress(parts[0])?.bytes else { return nil }
        var prefixLength = address.count * 8
        if parts.count == 2 {
            guard let length = Int(parts[1]), (0...prefixLength).contains(length) else { return nil }
            prefixLength = length
        }
        self.address = address
        self.prefixLength = prefixLength
    }

    package func contains(_ other: IPAddress) -> Bool {
        guard other.bytes.count == address.count else { return false }
        let whole = prefixLength / 8
        guard address.prefix(whole) == other.bytes.prefix(whole) else { return false }
        let rest = prefixLength % 8
        return rest == 0 || (address[whole] ^ other.bytes[whole]) >> (8 - rest) == 0
    }
}
