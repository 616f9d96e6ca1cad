import Logging
import NIOCore
import NIOEmbedded
import Testing

@testable import ParleyServer

@Suite struct AcceptGateTests {
    @Test func anAddressBeyondItsShareIsClosed() throws {
        let shares = ConnectionShares(limit: 1)
        let gate = AcceptGate(
            descriptors: Descriptors(limit: 1 << 20), shares: shares, proxies: try TrustedProxies(["10.0.0.1"]),
            logger: Logger(label: "test"))
        let listener = EmbeddedChannel(handler: gate)
        func accept(_ address: String) throws -> EmbeddedChannel {
            let connection = EmbeddedChannel(loop: listener.embeddedEventLoop)
            try connection.connect(to: SocketAddress(ipAddress: address, port: 1)).wait()
            listener.pipeline.syncOperations.fireChannelRead(NIOAny(connection as any Channel))
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
}
