import NIOCore
import Testing

@testable import EngineIO

@Suite struct PacketTests {
    @Test(arguments: [
        ("0{}", Packet.open(ByteBuffer(string: "{}"))),
        ("1", .close),
        ("2", .ping(ByteBuffer())),
        ("2probe", .ping(ByteBuffer(string: "probe"))),
        ("3probe", .pong(ByteBuffer(string: "probe"))),
        ("4", .message(.text(ByteBuffer()))),
        ("4héllo", .message(.text(ByteBuffer(string: "héllo")))),
        ("5", .upgrade),
        ("6", .noop),
    ])
    func decodesText(text: String, packet: Packet) throws {
        #expect(try Packet(text: ByteBuffer(string: text)) == packet)
    }

    @Test func refusesWhatIsNoPacket() {
        #expect(throws: PacketError.empty) { try Packet(text: ByteBuffer()) }
        #expect(throws: PacketError.unknownType(UInt8(ascii: "7"))) { try Packet(text: ByteBuffer(string: "7")) }
        #expect(throws: PacketError.unknownType(UInt8(ascii: "b"))) { try Packet(text: ByteBuffer(string: "bAQ==")) }
        #expect(throws: PacketError.invalidBase64) { try Packet(payloadElement: ByteBuffer(string: "b!")) }
    }

    /// RFC 4648 sections 4 and 5, with and without padding, and lines as MIME breaks them (as the client for Java does).
    @Test(arguments: [
        "+/+/AQI=", "-_-_AQI=", "+_-/AQI", "+/+/\nAQI=", "+/+/\r\nAQI=\r\n", " +/\t+/ AQI = ", "+/+/AQI\n=",
        "\n+/+/AQI", "+/+/AQJ=",
    ])
    func takesEveryDialectOfBase64(text: String) throws {
        let bytes = ByteBuffer(bytes: [0xfb, 0xff, 0xbf, 0x01, 0x02])
        #expect(try Packet(payloadElement: ByteBuffer(string: "b" + text)) == .message(.binary(bytes)))
    }

    @Test func takesEmptyBase64() throws {
        #expect(try Packet(payloadElement: ByteBuffer(string: "b")) == .message(.binary(ByteBuffer())))
    }

    @Test(arguments: ["A", "AQIDB", "AQ==AQ==", "A=Q=", "AQI?", "AQI\u{e9}", "AQI.", "AQ,I"])
    func refusesWhatIsNoBase64(text: String) {
        #expect(throws: PacketError.invalidBase64) { try Packet(payloadElement: ByteBuffer(string: "b" + text)) }
    }

    @Test func decodesPayloads() throws {
        let packets = try PollingPayload.decode(ByteBuffer(string: "4hello\u{1e}2\u{1e}bAQIDBA=="), maxPackets: 3)
        #expect(
            packets == [
                .message(.text(ByteBuffer(string: "hello"))), .ping(ByteBuffer()),
                .message(.binary(ByteBuffer(bytes: [1, 2, 3, 4]))),
            ]
        )
    }

    @Test func refusesBadPayloads() {
        func decode(_ bytes: [UInt8]) throws(PacketError) {
            _ = try PollingPayload.decode(ByteBuffer(bytes: bytes), maxPackets: 2)
        }
        #expect(throws: PacketError.empty) { try decode([]) }
        #expect(throws: PacketError.empty) { try decode(Array("4a\u{1e}".utf8)) }
        #expect(throws: PacketError.empty) { try decode(Array("\u{1e}4a".utf8)) }
        #expect(throws: PacketError.tooManyPackets) { try decode(Array("4\u{1e}4\u{1e}4".utf8)) }
        #expect(throws: PacketError.invalidUTF8) { try decode([0x34, 0xff]) }
    }

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

    @Test func checksUTF8AcrossPieces() {
        let text = Array("aé€\u{10ffff}\u{d7ff}".utf8)
        for split in 0...text.count {
            var validator = UTF8Validator()
            let isValid = validator.consume(text[..<split]) && validator.consume(text[split...])
            #expect(isValid && validator.isComplete)
        }
        for invalid: [UInt8] in [[0xc0], [0xe0, 0x9f], [0xed, 0xa0], [0xf0, 0x8f], [0xf4, 0x90], [0xf5], [0x80]] {
            var validator = UTF8Validator()
            let isValid = validator.consume(invalid)
            #expect(!isValid)
        }
    }
}
