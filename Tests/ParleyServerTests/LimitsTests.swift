import ChatModel
import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import ParleyServer

@Suite struct LimitsTests {
    private let address = IPAddress("203.0.113.5").map { ClientAddress($0) } ?? .unknown
    private let other = IPAddress("203.0.113.6").map { ClientAddress($0) } ?? .unknown

    // MARK: Connections

    @Test func anAddressHasItsShare() {
        let shares = ConnectionShares(limit: 2)
        var held = [shares.take(address), shares.take(address)]
        #expect(held.allSatisfy { $0 != nil })
        #expect(shares.take(address) == nil)
        #expect(shares.take(other) != nil, "others have their own")
        held.removeLast()
        #expect(shares.take(address) != nil, "what is let go of can be had again")
        held = []
        #expect(shares.count == 0)
    }

    /// How many connections there may be, and how many of one address.
    @Test(arguments: [(64, 56, 14), (1024, 896, 224), (4096, 3584, 896), (1_048_576, 1_047_552, 10_000)])
    func descriptorsAreShared(limit: Int, connections: Int, address: Int) {
        let descriptors = Descriptors(limit: limit)
        #expect(descriptors.forConnections == connections)
        #expect(descriptors.forOneAddress == address)
    }

    @Test func theGateRefusesWhoHasTooMany() throws {
        let shares = ConnectionShares(limit: 1)
        let gate = AcceptGate(
            descriptors: Descriptors(limit: 1 << 20), shares: shares, proxies: try TrustedProxies(["10.0.0.1"]),
            logger: Logger(label: "test"))
        let listener = EmbeddedChannel(handler: gate)
        func accept(_ address: String) throws -> EmbeddedChannel {
            let connection = EmbeddedChannel(loop: listener.embeddedEventLoop)
            try connection.connect(to: SocketAddress(ipAddress: address, port: 1)).wait()
            listener.pipeline.fireChannelRead(NIOAny(connection as any Channel))
            listener.embeddedEventLoop.run()
            return connection
        }
        let first = try accept("203.0.113.5")
        #expect(first.isActive)
        #expect(try !accept("203.0.113.5").isActive)
        #expect(try accept("203.0.113.6").isActive)
        for _ in 0..<3 { #expect(try accept("10.0.0.1").isActive, "a proxy brings many") }
        try first.close().wait()
        listener.embeddedEventLoop.run()
        #expect(try accept("203.0.113.5").isActive)
    }

    // MARK: Proxies

    @Test func aTrustedProxySpeaksForItsClient() throws {
        let proxies = try TrustedProxies(["10.0.0.0/8"])
        func client(_ peer: String, _ forwardedFor: String...) throws -> ClientAddress? {
            proxies.forwardedClient(peer: try SocketAddress(ipAddress: peer, port: 1), forwardedFor: forwardedFor)
        }
        #expect(try client("10.0.0.1", "203.0.113.5") == address)
        #expect(try client("10.0.0.1", "203.0.113.6, 203.0.113.5, 10.1.1.1") == address)
        #expect(try client("10.0.0.1") == nil)
        #expect(try client("203.0.113.9", "203.0.113.5") == nil)
    }

    // MARK: Costs

    @Test func whatCostsMoreTakesMore() {
        let rate = TokenBucket.Rate(burst: 10, perSecond: 2)
        let now = ContinuousClock.now
        var bucket = TokenBucket(rate, now: now)
        #expect(bucket.take(rate, cost: 7, now: now) == nil)
        #expect(bucket.take(rate, cost: 5, now: now) == 1)
        #expect(bucket.take(rate, cost: 5, now: now + .seconds(1)) == nil)
        // What costs more than there can be has to wait for all of it.
        #expect(bucket.take(rate, cost: 1000, now: now + .seconds(5)) == 1)
        #expect(bucket.take(rate, cost: 1000, now: now + .seconds(6)) == nil)
    }

    @Test func readingIsPaidForByItsSize() {
        let limits = RateLimits(isEnabled: true)
        let (user, now) = (RateLimits.Subject.user(.make()), ContinuousClock.now)
        func read(_ bytes: Int) -> Bool {
            (try? limits.spendReading(bytes: bytes, of: user, now: now)) != nil
        }
        for _ in 0..<10_000 { #expect(read(1024)) }
        #expect((0..<20).filter { _ in read(1_000_000) }.count == 8)
        #expect(read(1024), "a little is free")
    }
}
