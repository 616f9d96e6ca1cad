import NIOCore
import Testing
import WebFetch

@testable import ParleyServer

@Suite struct ForwardedAddressTests {
    @Test func aPeersAddressIsReadWithoutItsPort() throws {
        #expect(IPAddress(try SocketAddress(ipAddress: "203.0.113.7", port: 4711)) == IPAddress("203.0.113.7"))
        #expect(IPAddress(try SocketAddress(unixDomainSocketPath: "/tmp/socket")) == nil)
        #expect(IPAddress(nil as SocketAddress?) == nil)
    }

    @Test(arguments: [
        ("203.0.113.7", "203.0.113.7"), ("203.0.113.7:4711", "203.0.113.7"), ("\"203.0.113.7:4711\"", "203.0.113.7"),
        ("2001:db8::1", "2001:db8::1"), ("[2001:db8::1]", "2001:db8::1"), ("[2001:db8::1]:443", "2001:db8::1"),
        ("\"[2001:db8::1]:443\"", "2001:db8::1"), ("fe80::1%eth0", "fe80::1"),
    ])
    func forwardedAddressesAreRead(entry: Substring, address: String) {
        #expect(IPAddress(forwarded: entry) == IPAddress(address))
    }

    @Test(
        arguments: [
            "", "unknown", "_hidden", "203.0.113.7:", "203.0.113.7:port", "203.0.113.7:123456", "203.0.113.7:-1",
            "[203.0.113.7]", "[2001:db8::1", "[2001:db8::1]x", "[2001:db8::1]:", "203.0.113.256", "\"",
        ] as [Substring])
    func whatIsNoAddressIsNil(entry: Substring) {
        #expect(IPAddress(forwarded: entry) == nil)
    }
}
