import WebFetch

/// The address that a client is limited by: an IPv4 address, or the /64 network of an IPv6 address, which belongs to
/// one subscriber (RFC 6177).
struct ClientAddress: Hashable, Sendable {
    let bytes: [UInt8]

    /// No particular client: a peer without an IP address, or a client that its proxy does not name.
    static let unknown = ClientAddress(bytes: [])

    private init(bytes: [UInt8]) { self.bytes = bytes }

    init(_ address: IPAddress) {
        bytes = address.bytes.count == 16 ? Array(address.bytes.prefix(8)) : address.bytes
    }
}
