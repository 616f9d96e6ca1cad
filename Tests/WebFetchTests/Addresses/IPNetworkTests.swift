import Testing

@testable import WebFetch

@Suite struct IPNetworkTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", "11.0.0.1"), ("10.0.0.0/9", "10.127.0.1", "10.128.0.1"),
        ("203.0.113.7", "203.0.113.7", "203.0.113.8"), ("2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1"),
        ("::1/128", "::1", "::2"),
    ])
    func aNetworkContainsItsAddresses(network: String, inside: String, outside: String) throws {
        let network = try #require(IPNetwork(network))
        #expect(network.contains(try #require(IPAddress(inside))))
        #expect(!network.contains(try #require(IPAddress(outside))))
    }

    @Test func familiesDiffer() throws {
        #expect(try #require(IPNetwork("0.0.0.0/0")).contains(try #require(IPAddress("203.0.113.5"))))
        #expect(try !#require(IPNetwork("0.0.0.0/0")).contains(try #require(IPAddress("2001:db8::1"))))
    }

    @Test(arguments: ["", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/8/8", "::/129", "example.org", "/8"])
    func whatIsNoNetworkIsNil(text: String) {
        #expect(IPNetwork(text) == nil)
    }
}
