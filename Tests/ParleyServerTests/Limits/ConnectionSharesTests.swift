import Testing
import WebFetch

@testable import ParleyServer

@Suite struct ConnectionSharesTests {
    private let address = IPAddress("203.0.113.5").map { ClientAddress($0) } ?? .unknown
    private let other = IPAddress("203.0.113.6").map { ClientAddress($0) } ?? .unknown

    @Test func anAddressHasItsShare() {
        let shares = ConnectionShares(limit: 2)
        var held = [shares.take(address), shares.take(address)]
        #expect(held.allSatisfy { $0 != nil })
        #expect(shares.take(address) == nil)
        #expect(shares.take(other) != nil, "others have their own")
        held.removeLast()
        #expect(shares.take(address) != nil, "a released share can be taken again")
        held = []
        #expect(shares.count == 0)
    }
}
