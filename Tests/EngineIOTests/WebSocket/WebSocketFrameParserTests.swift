import NIOCore
import NIOWebSocket
import Testing

@testable import EngineIO

@Suite struct WebSocketFrameParserTests {
    private let key: [UInt8] = [0x11, 0x22, 0x33, 0x44]

    /// A frame as a client writes it.
    private func bytes(_ head: UInt8, _ payload: [UInt8], lengthBytes: Int? = nil, isMasked: Bool = true) -> [UInt8] {
        let bit: UInt8 = isMasked ? 0x80 : 0
        let length = payload.count
        let form = lengthBytes ?? (length < 126 ? 0 : length < 65536 ? 2 : 8)
        var frame: [UInt8] = [head]
        switch form {
        case 0: frame.append(bit | UInt8(length))
        case 2: frame += [bit | 126, UInt8(length >> 8), UInt8(length & 0xff)]
        default: frame += [bit | 127] + (0..<8).map { UInt8(truncatingIfNeeded: length >> ((7 - $0) * 8)) }
        }
        guard isMasked else { return frame + payload }
        return frame + key + payload.enumerated().map { $1 ^ key[$0 % 4] }
    }

    private func frames(_ parser: inout WebSocketFrameParser) throws -> [ClientFrame] {
        var frames: [ClientFrame] = []
        while let frame = try parser.next() { frames.append(frame) }
        return frames
    }

    @Test(arguments: [0, 1, 3, 4, 5, 7, 8, 9, 15, 16, 125, 126, 127, 300, 65535, 65536, 70001])
    func readsEveryLength(count: Int) throws {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        var parser = WebSocketFrameParser(maxFrameSize: 100_000)
        parser.receive(ByteBuffer(bytes: bytes(0x82, payload)))
        #expect(try frames(&parser) == [ClientFrame(opcode: .binary, payload: ByteBuffer(bytes: payload))])
    }

    /// Wherever the network cuts them, several in one piece, one in many.
    @Test func readsFramesInPieces() throws {
        let texts = ["", "a", "hello", String(repeating: "lorem ipsum ", count: 30)]
        let stream =
            texts.flatMap { bytes(0x81, Array($0.utf8)) } + bytes(0x89, [1, 2]) + bytes(0x01, [65], isMasked: false)
        for size in [1, 2, 3, 7, 64, stream.count] {
            var parser = WebSocketFrameParser(maxFrameSize: 1000)
            var found: [ClientFrame] = []
            for start in stride(from: 0, to: stream.count, by: size) {
                parser.receive(ByteBuffer(bytes: stream[start..<min(start + size, stream.count)]))
                found += try frames(&parser)
            }
            let expected =
                texts.map { ClientFrame(opcode: .text, payload: ByteBuffer(string: $0)) } + [
                    ClientFrame(opcode: .ping, payload: ByteBuffer(bytes: [1, 2])),
                    ClientFrame(fin: false, opcode: .text, isMasked: false, payload: ByteBuffer(bytes: [65])),
                ]
            #expect(found == expected, "pieces of \(size)")
        }
    }

    @Test func readsReservedBits() throws {
        var parser = WebSocketFrameParser(maxFrameSize: 10)
        parser.receive(ByteBuffer(bytes: bytes(0xF2, [1])))
        let frame = try #require(try parser.next())
        #expect(frame.rsv1 && frame.rsv2 && frame.rsv3 && frame.opcode == .binary)
    }

    /// Before the payload comes: nobody's memory is kept for it.
    @Test(
        arguments: [
            ([0x82, 0xFE, 0x01, 0x01], WebSocketFrameParser.Failure.tooLarge),
            ([0x82, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], .tooLarge),
            ([0x89, 0xFE, 0x00, 0x7E], .invalidControlFrame), ([0x09, 0x80], .invalidControlFrame),
            ([0x0B, 0x80], .invalidControlFrame),
        ] as [([UInt8], WebSocketFrameParser.Failure)])
    func refuses(header: [UInt8], failure: WebSocketFrameParser.Failure) {
        var parser = WebSocketFrameParser(maxFrameSize: 256)
        parser.receive(ByteBuffer(bytes: header))
        #expect(throws: failure) { try parser.next() }
    }
}
