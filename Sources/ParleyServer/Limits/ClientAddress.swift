import EngineIO
import Glibc
import HTTPTypes
import NIOCore

/// Where a client is, as far as limits care: an IPv4 address, or the /64 network of an IPv6 address, which one
/// subscriber has to himself (RFC 6177).
struct ClientAddress: Hashable, Sendable {
    let bytes: [UInt8]

    /// Nobody in particular: a peer without an IP address.
    static let unknown = ClientAddress(bytes: [])

    private init(bytes: [UInt8]) { self.bytes = bytes }

    init(_ address: IPAddress) {
        bytes = address.bytes.count == 16 ? Array(address.bytes.prefix(8)) : address.bytes
    }
}

/// An IP address as its bytes in network order: 4 or 16.
struct IPAddress: Hashable, Sendable {
    let bytes: [UInt8]

    init?(_ text: some StringProtocol) {
        var v4 = in_addr()
        var v6 = in6_addr()
        let text = String(text)
        if inet_pton(AF_INET, text, &v4) == 1 {
            bytes = withUnsafeBytes(of: v4) { Array($0) }
        } else if inet_pton(AF_INET6, text, &v6) == 1 {
            let all = withUnsafeBytes(of: v6) { Array($0) }
            // An IPv4 client on a socket for both (RFC 4291 § 2.5.5.2) is the same client.
            let isMapped = all.prefix(10).allSatisfy { $0 == 0 } && all[10] == 0xFF && all[11] == 0xFF
            bytes = isMapped ? Array(all.suffix(4)) : all
        } else {
            return nil
        }
    }

    init?(_ address: SocketAddress?) {
        guard let text = address?.ipAddress else { return nil }
        // A link-local address names its interface.
        self.init(text.prefix { $0 != "%" })
    }
}

/// The proxies whose `X-Forwarded-…` headers are believed: addresses and networks in CIDR notation (RFC 4632).
struct TrustedProxies: Sendable {
    private struct Network: Sendable {
        var address: [UInt8]
        var prefixLength: Int

        init?(_ text: String) {
            let parts = text.split(separator: "/", omittingEmptySubsequences: false)
            guard parts.count <= 2, let address = IPAddress(parts[0])?.bytes else { return nil }
            self.address = address
            prefixLength = address.count * 8
            guard parts.count == 2 else { return }
            guard let length = Int(parts[1]), (0...prefixLength).contains(length) else { return nil }
            prefixLength = length
        }

        func contains(_ other: [UInt8]) -> Bool {
            guard other.count == address.count else { return false }
            let whole = prefixLength / 8
            guard address.prefix(whole) == other.prefix(whole) else { return false }
            let rest = prefixLength % 8
            return rest == 0 || (address[whole] ^ other[whole]) >> (8 - rest) == 0
        }
    }

    /// An entry that is neither an address nor a network.
    struct Invalid: Error {
        let entry: String
    }

    private let networks: [Network]

    init(_ entries: [String]) throws(Invalid) {
        var networks: [Network] = []
        for entry in entries {
            guard let network = Network(entry) else { throw Invalid(entry: entry) }
            networks.append(network)
        }
        self.networks = networks
    }

    func contains(_ address: IPAddress) -> Bool { networks.contains { $0.contains(address.bytes) } }

    /// Who sent a request: the peer or, where that is a trusted proxy, the last address of `X-Forwarded-For` that is
    /// none. What stands before it anybody can have written.
    func client(peer: SocketAddress?, forwardedFor: [String]) -> ClientAddress {
        guard var client = IPAddress(peer) else { return .unknown }
        for entry in forwardedFor.flatMap({ $0.split(separator: ",") }).reversed() {
            guard contains(client) else { break }
            guard let address = IPAddress(entry.drop { $0 == " " }.prefix { $0 != " " }) else { break }
            client = address
        }
        return ClientAddress(client)
    }

    func client(of handshake: HandshakeRequest) -> ClientAddress {
        guard let peer = IPAddress(handshake.remoteAddress) else { return .unknown }
        // The header fields are kept as text, and read only for a proxy's word.
        guard contains(peer) else { return ClientAddress(peer) }
        return client(peer: handshake.remoteAddress, forwardedFor: handshake.headers[values: .xForwardedFor])
    }

    /// Whether a trusted proxy says that it was reached over TLS.
    func saysTLS(peer: SocketAddress?, forwardedProto: String?) -> Bool {
        forwardedProto?.lowercased() == "https" && (IPAddress(peer).map(contains) ?? false)
    }
}

extension HTTPField.Name {
    // The names nginx's documentation uses; literals that are tokens.
    static let xForwardedFor = Self("X-Forwarded-For")!
    static let xForwardedProto = Self("X-Forwarded-Proto")!
}
