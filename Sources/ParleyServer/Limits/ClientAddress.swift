import EngineIO
import Glibc
import HTTPTypes
import NIOCore

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

/// An IP address as its bytes in network order: 4 or 16.
struct IPAddress: Hashable, Sendable {
    let bytes: [UInt8]

    init?(_ text: some StringProtocol) {
        let text = String(text)
        if let v4 = Self.parse(text, AF_INET, count: 4) {
            bytes = v4
        } else if let v6 = Self.parse(text, AF_INET6, count: 16) {
            // An IPv4 client on a socket for both families (RFC 4291 § 2.5.5.2) is the same client.
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
    /// `[2001:db8::1]:443`, `2001:db8::1`), and possibly in quotation marks, as in RFC 7239 § 6.
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

    static let none = TrustedProxies()

    private init() { networks = [] }

    init(_ entries: [String]) throws(Invalid) {
        var networks: [Network] = []
        for entry in entries {
            guard let network = Network(entry) else { throw Invalid(entry: entry) }
            networks.append(network)
        }
        self.networks = networks
    }

    var isEmpty: Bool { networks.isEmpty }

    func contains(_ address: IPAddress) -> Bool { networks.contains { $0.contains(address.bytes) } }

    /// Who sent a request: the peer or, where that is a trusted proxy, the last address of `X-Forwarded-For` that is no
    /// trusted proxy. Anybody can have written what stands before it.
    ///
    /// Where a proxy names something that is no address, the client is unknown. It does not count as the proxy itself,
    /// whose health checks must not be limited for it.
    func client(peer: SocketAddress?, forwardedFor: [String]) -> ClientAddress {
        guard var client = IPAddress(peer) else { return .unknown }
        guard contains(client) else { return ClientAddress(client) }
        for entry in forwardedFor.flatMap({ $0.split(separator: ",") }).reversed() {
            let words = entry.split { $0 == " " || $0 == "\t" }
            // RFC 9110 § 5.6.1.
            guard let word = words.first else { continue }
            guard words.count == 1, let address = IPAddress(forwarded: word) else { return .unknown }
            client = address
            guard contains(client) else { break }
        }
        return ClientAddress(client)
    }

    /// Who sent a request that cannot be read: the peer, unless that is a proxy.
    func unnamedClient(peer: SocketAddress?) -> ClientAddress {
        guard let address = IPAddress(peer), !contains(address) else { return .unknown }
        return ClientAddress(address)
    }

    func client(of handshake: HandshakeRequest) -> ClientAddress {
        guard let peer = IPAddress(handshake.remoteAddress) else { return .unknown }
        // The header fields are kept as text, and parsed only for a proxy.
        guard contains(peer) else { return ClientAddress(peer) }
        return client(peer: handshake.remoteAddress, forwardedFor: handshake.headers[values: .xForwardedFor])
    }

    /// The client that a trusted proxy names. nil where the peer is no proxy, or names no client.
    func forwardedClient(peer: SocketAddress?, forwardedFor: [String]) -> ClientAddress? {
        guard let address = IPAddress(peer), contains(address) else { return nil }
        let client = client(peer: peer, forwardedFor: forwardedFor)
        return client == ClientAddress(address) || client == .unknown ? nil : client
    }

    func forwardedClient(of handshake: HandshakeRequest) -> ClientAddress? {
        guard let peer = IPAddress(handshake.remoteAddress), contains(peer) else { return nil }
        return forwardedClient(
            peer: handshake.remoteAddress, forwardedFor: handshake.headers[values: .xForwardedFor])
    }

    /// Whether a trusted proxy says that it was reached over TLS.
    func saysTLS(peer: SocketAddress?, forwardedProto: @autoclosure () -> String?) -> Bool {
        (IPAddress(peer).map(contains) ?? false) && forwardedProto()?.lowercased() == "https"
    }

    func saysTLS(_ handshake: HandshakeRequest) -> Bool {
        saysTLS(peer: handshake.remoteAddress, forwardedProto: handshake.headers[.xForwardedProto])
    }
}

extension HTTPField.Name {
    // The names of nginx's documentation. The literals are tokens.
    static let xForwardedFor = Self("X-Forwarded-For")!
    static let xForwardedProto = Self("X-Forwarded-Proto")!
}
