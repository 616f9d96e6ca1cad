import NIOCore
import NIOHTTP1
import NIOWebSocket
import RealtimeTesting
import Testing

@testable import EngineIO

/// Random bytes, the same in every run, through every decoder: whatever a client sends, the process goes on.
@Suite struct DecoderFuzzTests {
    private let alphabets: [[UInt8]] = [Array(0...255), Array("0123456bAQ==\u{1e}probe é".utf8)]

    @Test func payloads() {
        var generator = SeededGenerator(seed: 1)
        var decoded = 0
        for round in 0..<20_000 {
            let bytes = generator.bytes(upTo: 40, from: alphabets[round % 2])
            guard let packets = try? PollingPayload.decode(ByteBuffer(bytes: bytes), maxPackets: 5) else { continue }
            #expect(packets.count <= 5)
            decoded += 1
        }
        #expect(decoded > 0)
    }

    @Test func utf8AgreesWithTheStandardLibrary() {
        var generator = SeededGenerator(seed: 2)
        let alphabet: [UInt8] = [
            0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc2, 0xe0, 0xe1, 0xed, 0xf0, 0xf1, 0xf4, 0xf5,
        ]
        for _ in 0..<50_000 {
            let bytes = generator.bytes(upTo: 12, from: alphabet)
            var validator = UTF8Validator()
            let isValid = validator.consume(bytes) && validator.isComplete
            #expect(isValid == (String(validating: bytes, as: UTF8.self) != nil))
        }
    }

    @Test func frames() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<2_000 {
            var assembler = WebSocketAssembler(maxMessageSize: 64, allowsDeflate: true)
            for _ in 0..<10 {
                let frame = ClientFrame(
                    fin: .random(using: &generator),
                    rsv1: Int.random(in: 0..<4, using: &generator) == 0,
                    opcode: WebSocketOpcode(encodedWebSocketOpcode: UInt8.random(in: 0..<16, using: &generator))
                        ?? .text,
                    payload: ByteBuffer(bytes: generator.bytes(upTo: 40, from: alphabets[0]))
                )
                switch assembler.receive(frame) {
                case .message(.text(let bytes), _), .message(.binary(let bytes), _): #expect(bytes.readableBytes <= 64)
                case .none, .ping, .pong, .close, .failure: break
                }
            }
        }
    }

    @Test func deflatedMessages() {
        var generator = SeededGenerator(seed: 4)
        let inflater = Inflater(maxSize: 10_000)
        for _ in 0..<5_000 {
            let bytes = ByteBuffer(bytes: generator.bytes(upTo: 60, from: alphabets[0]))
            if let inflated = try? inflater.inflate(bytes) { #expect(inflated.readableBytes <= 10_000) }
        }
    }

    @Test func requestTargets() {
        var generator = SeededGenerator(seed: 5)
        let alphabet = Array("/?&=%+EIO4transportpollingsid25é".utf8)
        for _ in 0..<5_000 {
            let uri = String(decoding: generator.bytes(upTo: 60, from: alphabet), as: UTF8.self)
            _ = try? EngineRequest(method: .GET, uri: uri, isWebSocketUpgrade: false, transports: [.polling])
        }
        #expect(throws: Never.self) {
            try EngineRequest(
                method: .GET,
                uri: "/?EIO=4&transport=polling&%&%zz=%&=&&",
                isWebSocketUpgrade: false,
                transports: [.polling]
            )
        }
    }
}
