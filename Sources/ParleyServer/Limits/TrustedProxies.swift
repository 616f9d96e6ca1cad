import EngineIO
import HTTPTypes
import NIOCore
import WebFetch

/// The proxies whose `X-Forwarded-…` headers are believed: addresses and networks in CIDR notation (RFC 4632).
struct TrustedProxies: Sendable {
    /// An entry that is neither an address nor a network.
    struct Invalid: Error {
        let entry: String
    }

    private let networks: [IPNetwork]

    static let none = TrustedProxies()

    private init() { networks = [] }

    init(_ entries: [String]) throws(Invalid) {
        var networks: [IPNetwork] = []
        for entry in entries {
            guard let network = IPNetwork(entry) else { throw Invalid(entry: entry) }
            networks.append(network)
        }
        self.networks = networks
    }

    var isEmpty: Bool { networks.isEmpty }

    func contains(_ address: IPAddress) -> Bool { networks.contains { $0.contains(address) } }

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
            // RFC 9110, section 5.6.1.
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
