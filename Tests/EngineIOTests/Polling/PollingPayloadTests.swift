import NIOCore
import Testing

@testable import EngineIO

@Suite struct PollingPayloadTests {
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
}
