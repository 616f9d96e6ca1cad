import AsyncHTTPClient
import NIOCore
import NIOHTTP1
import Testing

@testable import ObjectStorage

@Suite struct ObjectStreamTests {
    private func head(
        _ status: UInt, _ headers: HTTPHeaders, _ wanted: Range<Int>
    ) -> ObjectPartHead? { ObjectPartHead(status: status, headers, wanted) }

    @Test func aHeadFitsItsRange() {
        let part = head(206, ["content-range": "bytes 10-19/100", "etag": "\"a\""], 10..<20)
        #expect(part?.size == 10 && part?.totalSize == 100 && part?.tag == "\"a\"")
        #expect(head(206, ["content-range": "bytes 90-99/100"], 90..<200)?.size == 10, "the end comes first")
        #expect(head(200, ["content-length": "50"], 0..<10)?.size == 10, "of the whole, what was asked for")
    }

    /// Bytes of another place must never be served as those that were asked for.
    @Test func whatDoesNotFitIsNone() {
        #expect(head(206, ["content-range": "bytes 0-9/100"], 10..<20) == nil)
        #expect(head(206, ["content-range": "bytes 10-18/100"], 10..<20) == nil)
        #expect(head(206, ["content-range": "bytes 10-19/100", "content-length": "9"], 10..<20) == nil)
        #expect(head(206, ["content-range": "bytes 10-9223372036854775807/100"], 10..<20) == nil)
        #expect(head(206, ["content-range": "bytes */100"], 10..<20) == nil)
        #expect(head(206, [:], 10..<20) == nil)
        #expect(head(200, ["content-length": "50"], 10..<20) == nil)
        #expect(head(200, [:], 0..<20) == nil, "nobody would see that it was cut")
    }

    /// A weak one stands for what means the same, not for the same bytes.
    @Test func aWeakTagIsNone() {
        #expect(head(206, ["content-range": "bytes 0-9/10", "etag": "W/\"a\""], 0..<10)?.tag == nil)
    }

    private struct Broken: Error {}

    /// What comes of an answer that announces ten bytes, and has these.
    private func bytes(_ buffers: [String], failing isFailing: Bool = false) async throws -> String {
        let (sequence, continuation) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
        for buffer in buffers { continuation.yield(ByteBuffer(string: buffer)) }
        continuation.finish(throwing: isFailing ? Broken() : nil)
        let response = HTTPClientResponse(
            status: .partialContent, headers: ["content-range": "bytes 0-9/100"], body: .stream(sequence))
        let iterator = try ObjectStream(response, "k", 0..<10, place: nil).makeIterator()
        var received = ""
        while let buffer = try await iterator.next() { received += String(buffer: buffer) }
        return received
    }

    @Test func bytesComeAsTheyAre() async throws {
        #expect(try await bytes(["01234", "56789"]) == "0123456789")
        #expect(try await bytes(["01234", "56789abc", "def"]) == "0123456789", "and no more than was asked for")
    }

    /// An answer without a length may keep its end to itself.
    @Test(.timeLimit(.minutes(5))) func nobodyWaitsForAnEnd() async throws {
        let (sequence, continuation) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
        continuation.yield(ByteBuffer(string: "0123456789"))
        let response = HTTPClientResponse(
            status: .partialContent, headers: ["content-range": "bytes 0-9/100"], body: .stream(sequence))
        let iterator = try ObjectStream(response, "k", 0..<10, place: nil).makeIterator()
        #expect(try await iterator.next()?.readableBytes == 10)
        #expect(try await iterator.next() == nil)
        continuation.finish()
    }

    @Test func whatIsCutIsNoEnd() async throws {
        await #expect(throws: ObjectStoreError.self) { try await bytes(["01234"]) }
        let error = await #expect(throws: ObjectStoreError.self) { try await bytes(["01234"], failing: true) }
        #expect(error?.code == .unavailable)
    }
}
