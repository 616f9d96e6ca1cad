import Testing

@testable import WebFetch

@Suite struct IPAddressTests {
    @Test func anAddressIsItsBytes() {
        #expect(IPAddress("203.0.113.7")?.bytes == [203, 0, 113, 7])
        #expect(IPAddress("2001:db8::1")?.bytes == [0x20, 0x01, 0x0d, 0xb8] + Array(repeating: 0, count: 11) + [1])
        #expect(IPAddress("::ffff:203.0.113.7") == IPAddress("203.0.113.7"), "the same client on a socket for both")
        for text in ["", "203.0.113", "203.0.113.07", "203.0.113.7 ", "1:2", "[::1]", "chat.example"] {
            #expect(IPAddress(text) == nil, "\(text)")
        }
    }
}
