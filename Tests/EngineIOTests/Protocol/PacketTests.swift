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
}
