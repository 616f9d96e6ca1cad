import NIOCore
import Testing

@testable import ParleyServer

@Suite struct IPAddressTests {
    @Test func anAddressIsItsBytes() {
        #expect(IPAddress("203.0.113.7")?.bytes == [203, 0, 113, 7])
        #expect(IPAddress("2001:db8::1")?.bytes == [0x20, 0x01, 0x0d, 0xb8] + Array(repeating: 0, count: 11) + [1])
        #expect(IPAddress("::ffff:203.0.113.7") == IPAddress("203.0.113.7"), "the same client on a socket for both")
        for text in ["", "203.0.113", "203.0.113.07", "203.0.113.7 ", "1:2", "[::1]", "chat.example"] {
            #expect(IPAddress(text) == nil, "\(text)")
        }
    }

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
