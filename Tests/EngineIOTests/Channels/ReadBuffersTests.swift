import NIOCore
import Testing

@testable import EngineIO

@Suite struct ReadBuffersTests {
    /// What the next buffer is after reads of these sizes.
    private func size(after reads: [Int]) -> Int? {
        var buffers = ReadBuffers()
        for read in reads { _ = buffers.record(actualReadBytes: read) }
        #expect(buffers.buffer(allocator: ByteBufferAllocator()).capacity >= buffers.nextBufferSize() ?? .max)
        return buffers.nextBufferSize()
    }

    @Test func messagesGetSmallBuffers() {
        #expect(size(after: []) == 512)
        #expect(size(after: Array(repeating: 300, count: 50)) == 512)
        #expect(size(after: [512]) == 1024)
        #expect(size(after: [512, 1024] + Array(repeating: 1500, count: 50)) == 2048)
    }

    @Test func aFileGetsLargeOnesAtOnce() {
        #expect(size(after: [512, 1024, 2048]) == 4096)
        #expect(size(after: [512, 1024, 2048, 4096]) == 128 * 1024)
        #expect(size(after: [512, 1024, 2048, 4096, 128 * 1024]) == 128 * 1024)
    }

    @Test func afterItTheyAreSmallAgain() {
        let file = [512, 1024, 2048, 4096, 128 * 1024]
        #expect(size(after: file + [300]) == 128 * 1024, "one short read is not yet the end")
        #expect(size(after: file + [300, 100_000, 300]) == 128 * 1024)
        #expect(size(after: file + [300, 300]) == 4096)
        #expect(size(after: file + Array(repeating: 300, count: 20)) == 512)
    }

    @Test func growthIsSaid() {
        var buffers = ReadBuffers()
        let said = [511, 512, 1024, 2048, 4096, 128 * 1024].map { buffers.record(actualReadBytes: $0) }
        #expect(said == [false, true, true, true, true, false])
    }
}
