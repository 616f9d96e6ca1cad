import NIOCore
import Testing
import WebFetch

@testable import ParleyServer

@Suite struct TrustedProxiesTests {
    private func address(_ text: String) throws -> ClientAddress { ClientAddress(try #require(IPAddress(text))) }

    private func peer(_ text: String) throws -> SocketAddress { try SocketAddress(ipAddress: text, port: 1) }

    @Test(arguments: ["10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/8/8", "proxy", "", "2001:db8::/129"])
    func whatIsNoNetworkIsRefused(entry: String) {
        let error = #expect(throws: TrustedProxies.Invalid.self) { try TrustedProxies([entry]) }
        #expect(error?.entry == entry)
    }

    @Test func networksEndWhereTheirPrefixSays() throws {
        let proxies = try TrustedProxies(["10.1.0.0/15", "192.0.2.1", "2001:db8::/33", "0.0.0.0/32"])
        for inside in ["10.0.0.1", "10.1.255.255", "192.0.2.1", "2001:db8:7fff::1", "0.0.0.0"] {
            #expect(proxies.contains(try #require(IPAddress(inside))), "\(inside)")
        }
        for outside in ["10.2.0.0", "11.0.0.1", "192.0.2.2", "2001:db8:8000::1", "0.0.0.1", "::"] {
            #expect(!proxies.contains(try #require(IPAddress(outside))), "\(outside)")
        }
        let everybody = try TrustedProxies(["0.0.0.0/0"])
        #expect(everybody.contains(try #require(IPAddress("203.0.113.5"))))
        #expect(!everybody.contains(try #require(IPAddress("2001:db8::1"))), "another family")
    }

    @Test func onlyATrustedProxyIsBelieved() throws {
        let proxies = try TrustedProxies(["10.0.0.0/8"])
        func client(_ sender: String, _ forwardedFor: String...) throws -> ClientAddress {
            proxies.client(peer: try peer(sender), forwardedFor: forwardedFor)
        }
        #expect(try client("203.0.113.9", "198.51.100.1") == address("203.0.113.9"))
        #expect(try client("10.0.0.1", "198.51.100.1") == address("198.51.100.1"))
        #expect(try client("10.0.0.1", "192.0.2.9, 198.51.100.1, 10.1.1.1") == address("198.51.100.1"))
        #expect(try client("10.0.0.1", "192.0.2.9", "198.51.100.1,, ") == address("198.51.100.1"), "several fields")
        #expect(try client("10.0.0.1", "10.2.2.2, 10.1.1.1") == address("10.2.2.2"), "the first of proxies alone")
        #expect(try client("10.0.0.1") == address("10.0.0.1"))
        #expect(try client("10.0.0.1", "198.51.100.1, unknown") == .unknown)
        #expect(try client("10.0.0.1", "198.51.100.1 192.0.2.1") == .unknown)
        #expect(proxies.client(peer: nil, forwardedFor: ["198.51.100.1"]) == .unknown)
    }

    @Test func aProxySpeaksForItsClientOnlyWhereItNamesOne() throws {
        let proxies = try TrustedProxies(["10.0.0.0/8"])
        func client(_ sender: String, _ forwardedFor: String...) throws -> ClientAddress? {
            proxies.forwardedClient(peer: try peer(sender), forwardedFor: forwardedFor)
        }
        #expect(try client("10.0.0.1", "203.0.113.5") == address("203.0.113.5"))
        #expect(try client("10.0.0.1", "203.0.113.6, 203.0.113.5, 10.1.1.1") == address("203.0.113.5"))
        #expect(try client("10.0.0.1") == nil)
        #expect(try client("10.0.0.1", "nonsense") == nil)
        #expect(try client("203.0.113.9", "203.0.113.5") == nil)
    }

    @Test func aProxyIsNotBlamedForWhatCannotBeRead() throws {
        let proxies = try TrustedProxies(["10.0.0.1"])
        #expect(proxies.unnamedClient(peer: try peer("10.0.0.1")) == .unknown)
        #expect(proxies.unnamedClient(peer: try peer("203.0.113.5")) == (try address("203.0.113.5")))
        #expect(proxies.unnamedClient(peer: nil) == .unknown)
    }

    @Test func onlyATrustedProxySaysThatItWasTLS() throws {
        let proxies = try TrustedProxies(["10.0.0.1"])
        #expect(proxies.saysTLS(peer: try peer("10.0.0.1"), forwardedProto: "HTTPS"))
        #expect(!proxies.saysTLS(peer: try peer("10.0.0.1"), forwardedProto: "http"))
        #expect(!proxies.saysTLS(peer: try peer("10.0.0.1"), forwardedProto: nil))
        #expect(!proxies.saysTLS(peer: try peer("203.0.113.5"), forwardedProto: "https"))
        #expect(!TrustedProxies.none.saysTLS(peer: try peer("10.0.0.1"), forwardedProto: "https"))
    }
}
