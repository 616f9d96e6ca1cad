import HTTPTypes
import NIOCore
import NIOEmbedded
import NIOHTTPTypes
import Testing

@testable import ParleyServer

@Suite struct RequestGuardBodyTests {
    /// For how many time-outs of a minute a body lasts that brings `rate` bytes in each second; at most 100.
    private func minutes(rate: (Int) -> Int) throws -> Int {
        let channel = EmbeddedChannel(handlers: [RequestGuard(timeout: .seconds(60))])
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        channel.pipeline.read()
        try channel.writeInbound(
            HTTPRequestPart.head(
                HTTPRequest(
                    method: .put, scheme: "http", authority: "x", path: "/upload/x",
                    headerFields: [.contentLength: "1000000000"])))
        for minute in 0..<100 {
            try channel.writeInbound(HTTPRequestPart.body(ByteBuffer(repeating: 0, count: 60 * rate(minute))))
            channel.pipeline.read()
            channel.embeddedEventLoop.advanceTime(by: .seconds(60))
            if case .head(let head)? = try channel.readOutbound(as: HTTPResponsePart.self) {
                #expect(head.status == .requestTimeout)
                _ = try channel.finish(acceptAlreadyClosed: true)
                return minute
            }
        }
        _ = try channel.finish(acceptAlreadyClosed: true)
        return 100
    }

    /// The rate of those who held all places for days.
    @Test func aTrickleEndsSoon() throws {
        #expect(try minutes { _ in 600 } == 1)
        #expect(try minutes { _ in 511 } == 0)
        #expect(try minutes { $0 < 3 ? 8192 : 8191 } == 3)
    }

    /// Five megabytes take four minutes.
    @Test func aSlowTelephoneGetsItsPhotoThrough() throws {
        #expect(try minutes { _ in 20_000 } > 4)
        #expect(try minutes { $0.isMultiple(of: 2) ? 30_000 : 8192 } > 4)
    }

    @Test func nobodyHoldsAPlaceForLongerThanAnHour() throws {
        #expect(try minutes { _ in 20_000 } == 59)
    }
}
