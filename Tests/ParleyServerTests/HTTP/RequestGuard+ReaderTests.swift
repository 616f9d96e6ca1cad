import NIOCore
import NIOEmbedded
import Testing

@testable import ParleyServer

@Suite struct RequestGuardReaderTests {
    /// What an embedded channel holds, written and not flushed, is what a socket's reader has not taken.
    private final class Socket: ChannelOutboundHandler {
        typealias OutboundIn = ByteBuffer
    }

    /// For how many time-outs of a minute a connection lasts that has `waiting` bytes to write, of which its reader takes
    /// `taken` in each; at most ten.
    private func minutes(waiting: Int, taken: Int) throws -> Int {
        let channel = EmbeddedChannel(handlers: [Socket(), RequestGuard(timeout: .seconds(60))])
        let socket = try channel.pipeline.syncOperations.context(handlerType: Socket.self)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        var waiting = waiting
        func wait() { socket.write(NIOAny(ByteBuffer(repeating: 0, count: waiting)), promise: nil) }
        wait()
        channel.isWritable = false
        channel.pipeline.fireChannelWritabilityChanged()
        for minute in 0..<10 {
            socket.flush()
            waiting -= taken
            wait()
            channel.embeddedEventLoop.advanceTime(by: .seconds(60))
            guard channel.isActive else { return minute }
        }
        _ = try channel.finish(acceptAlreadyClosed: true)
        return 10
    }

    @Test func whoReadsSteadilyMayTakeLong() throws {
        #expect(try minutes(waiting: 1_000_000, taken: 60 * 512) == 10)
    }

    @Test func whoReadsNextToNothingIsCutOff() throws {
        #expect(try minutes(waiting: 1_000_000, taken: 60 * 512 - 1) == 0)
        #expect(try minutes(waiting: 1_000_000, taken: 0) == 0)
    }
}
