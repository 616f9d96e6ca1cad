import Testing
import WebFetch

@testable import ParleyServer

@Suite struct ClientAddressTests {
    private func address(_ text: String) throws -> ClientAddress { ClientAddress(try #require(IPAddress(text))) }

    @Test func oneSubscribersNetworkIsOneClient() throws {
        #expect(try address("2001:db8:1:2::1") == address("2001:db8:1:2:ffff::9"))
        #expect(try address("2001:db8:1:2::1") != address("2001:db8:1:3::1"))
        #expect(try address("203.0.113.5") != address("203.0.113.6"))
        #expect(try address("::ffff:203.0.113.5") == address("203.0.113.5"), "the same client on a socket for both")
    }
}
