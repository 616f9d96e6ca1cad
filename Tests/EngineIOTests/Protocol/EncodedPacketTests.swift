import NIOCore
import Testing

@testable import EngineIO

@Suite struct EncodedPacketTests {
    @Test func encodesOncePerFraming() {
        let text = EncodedPacket(text: ByteBuffer(string: "hi"))
        #expect(text.webSocketFrame == ByteBuffer(bytes: [0x81, 3] + Array("4hi".utf8)))
        #expect(text.pollingPacket == ByteBuffer(string: "4hi"))
        let binary = EncodedPacket(binary: ByteBuffer(bytes: [1, 2, 3, 4]))
        #expect(binary.webSocketFrame == ByteBuffer(bytes: [0x82, 4, 1, 2, 3, 4]))
        #expect(binary.pollingPacket == ByteBuffer(string: "bAQIDBA=="))
        #expect(PollingPayload.encode([text, binary, .ping]) == ByteBuffer(string: "4hi\u{1e}bAQIDBA==\u{1e}2"))
    }

    @Test(arguments: [(125, 2), (126, 4), (65535, 4), (65536, 10)])
    func writesFrameHeaders(length: Int, header: Int) {
        let frame = EncodedPacket(binary: ByteBuffer(repeating: 7, count: length)).webSocketFrame
        #expect(frame.readableBytes == header + length)
    }

    /// What is made for one window is not sent to a client with another.
    @Test func keepsAFrameForEachWindow() throws {
        let packet = EncodedPacket(text: ByteBuffer(string: String(repeating: "0123456789", count: 5_000)))
        let large = packet.deflatedFrame(with: Deflater(DeflateParameters(threshold: 0)))
        let small = packet.deflatedFrame(with: Deflater(DeflateParameters(threshold: 0, windowBits: 8)))
        #expect(packet.deflatedFrame(with: Deflater(DeflateParameters(threshold: 0))) == large)
        var (header, payload) = (small, ByteBuffer())
        header.moveReaderIndex(forwardBy: small.readableBytes > 129 ? 4 : 2)
        payload.writeImmutableBuffer(header)
        #expect(try Inflater(maxSize: 60_000, windowBits: 8).inflate(payload).readableBytes == 50_001)
    }
}
