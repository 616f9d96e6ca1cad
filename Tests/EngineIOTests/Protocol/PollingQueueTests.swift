import NIOCore
import Testing

@testable import EngineIO

@Suite struct PollingQueueTests {
    private func make(_ configure: (inout EngineConfiguration) -> Void = { _ in }) -> PollingQueue {
        var configuration = EngineConfiguration()
        configure(&configuration)
        return PollingQueue(configuration)
    }

    private func packet(_ length: Int) -> EncodedPacket {
        EncodedPacket(text: ByteBuffer(repeating: 0x61, count: length))
    }

    private func fits(_ length: Int, in queue: inout PollingQueue) -> Bool { queue.append(packet(length)) }

    private func lengths(_ packets: [EncodedPacket]) -> [Int] { packets.map { $0.pollingPacket.readableBytes - 1 } }

    @Test func anAnswerHasAtMostSoManyPackets() {
        var queue = make { $0.maxPacketsPerPoll = 3 }
        for length in 1...5 { #expect(fits(length, in: &queue)) }
        #expect(lengths(queue.take()) == [1, 2, 3])
        #expect(lengths(queue.take()) == [4, 5])
        #expect(queue.isEmpty)
    }

    @Test func anAnswerIsNoLongerThanAPayload() {
        var queue = make { $0.maxPayload = 25 }
        for length in [10, 10, 10, 100, 1] { #expect(fits(length, in: &queue)) }
        #expect(lengths(queue.take()) == [10, 10])
        #expect(lengths(queue.take()) == [10])
        #expect(lengths(queue.take()) == [100], "one message may be larger")
        #expect(lengths(queue.take()) == [1])
    }

    @Test func whatWaitsIsBounded() {
        let size = packet(100).size
        var queue = make { $0.maxOutboundBytes = 2 * size }
        for _ in 0..<2 { #expect(fits(100, in: &queue)) }
        #expect(!fits(1, in: &queue))
        #expect(lengths(queue.take()) == [100, 100], "what did not fit is not there")
        #expect(fits(100, in: &queue), "there is room again")
        queue.removeAll()
        #expect(queue.isEmpty)
        for _ in 0..<2 { #expect(fits(100, in: &queue)) }
    }

    /// Then the kernel's buffer is full as well, which is a quarter of the bound.
    @Test func whatIsNotReadTakesRoom() {
        var queue = make { $0.maxOutboundBytes = 1000 }
        queue.answering(400)
        #expect(!fits(400, in: &queue))
        #expect(fits(300, in: &queue))
        queue.answered(400)
        #expect(fits(400, in: &queue))
        #expect(lengths(queue.takeAll()) == [300, 400])
        #expect(queue.isEmpty)
    }
}
