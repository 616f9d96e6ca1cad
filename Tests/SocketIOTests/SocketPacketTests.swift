import EngineIO
import NIOCore
import RealtimeTesting
import Testing

@testable import SocketIO

@Suite struct SocketPacketTests {
    private func decode(_ text: String, attachments: [[UInt8]] = []) throws(SocketPacketError) -> SocketPacket? {
        var decoder = SocketPacketDecoder(maxAttachments: 3)
        var packet = try decoder.receive(.text(ByteBuffer(string: text)))
        for bytes in attachments {
            #expect(packet == nil)
            packet = try decoder.receive(.binary(ByteBuffer(bytes: bytes)))
        }
        return packet
    }

    private func fragments(_ texts: String...) -> [JSONFragment] { texts.map { JSONFragment(json: $0) } }

    @Test func connects() throws {
        #expect(try decode("0") == .connect(namespace: "/", auth: nil))
        #expect(try decode("0{\"a\":1}") == .connect(namespace: "/", auth: ByteBuffer(string: "{\"a\":1}")))
        #expect(try decode("0/admin") == .connect(namespace: "/admin", auth: nil))
        #expect(try decode("0/admin,{}") == .connect(namespace: "/admin", auth: ByteBuffer(string: "{}")))
        #expect(try decode("1/admin,") == .disconnect(namespace: "/admin"))
    }

    /// Looking up a name takes time that grows with the square of the combining marks in it.
    @Test func longNamesAreRefused() throws {
        let long = String(repeating: "\u{301}\u{323}", count: 1000)
        #expect(throws: SocketPacketError.invalidNamespace) { try decode("0/a\(long)") }
        #expect(throws: SocketPacketError.invalidNamespace) { try decode("2/a\(long),[\"x\"]") }
        #expect(throws: SocketPacketError.invalidPayload) { try decode("2[\"a\(long)\"]") }
        #expect(try JSONFragment(json: "{\"a\(long)\":1}").members(atMost: 1)?.count == nil)
        #expect(try JSONFragment(json: "{\"a\":1}").members(atMost: 1)?.count == 1)
    }

    @Test func decodesEvents() throws {
        #expect(
            try decode(#"2["a",1,{"b":2}]"#)
                == .event(
                    namespace: "/",
                    id: nil,
                    name: "a",
                    arguments: fragments("1", "{\"b\":2}"),
                    attachments: []
                )
        )
        #expect(
            try decode(#"2/admin,456["\u0061\n"]"#)
                == .event(namespace: "/admin", id: 456, name: "a\n", arguments: [], attachments: [])
        )
        #expect(
            try decode("3/admin,456[]")
                == .acknowledgement(namespace: "/admin", id: 456, arguments: [], attachments: [])
        )
    }

    @Test func boundsArguments() throws {
        var decoder = SocketPacketDecoder(maxAttachments: 3, maxArguments: 3)
        #expect(try decoder.receive(.text(ByteBuffer(string: #"2["a",1,2]"#))) != nil)
        for text in [#"2["a",1,2,3]"#, "31[1,2,3,4]"] {
            #expect(throws: SocketPacketError.invalidPayload) { try decoder.receive(.text(ByteBuffer(string: text))) }
        }
    }

    @Test func collectsAttachments() throws {
        let placeholder = #"{"_placeholder":true,"num":0}"#
        #expect(
            try decode("52-7[\"a\",\(placeholder)]", attachments: [[1], [2, 3]])
                == .event(
                    namespace: "/",
                    id: 7,
                    name: "a",
                    arguments: fragments(placeholder),
                    attachments: [ByteBuffer(bytes: [1]), ByteBuffer(bytes: [2, 3])]
                )
        )
        #expect(
            try decode("61-/n,7[\(placeholder)]", attachments: [[1]])
                == .acknowledgement(
                    namespace: "/n",
                    id: 7,
                    arguments: fragments(placeholder),
                    attachments: [ByteBuffer(bytes: [1])]
                )
        )
    }

    @Test(arguments: [
        ("", SocketPacketError.empty), ("7", .unknownType), ("a", .unknownType), ("0[]", .invalidPayload),
        ("1{}", .invalidPayload), ("2", .invalidPayload), ("2{}", .invalidPayload), ("2[]", .invalidPayload),
        ("2[null]", .invalidPayload), ("2[\"connect\"]", .invalidPayload), ("2abc[\"a\"]", .invalidPayload),
        ("29999999999999999999[\"a\"]", .invalidID), ("3[]", .invalidID), ("5[\"a\"]", .invalidAttachmentCount),
        ("50-[\"a\"]", .invalidAttachmentCount), ("54-[\"a\"]", .invalidAttachmentCount),
        ("51[\"a\"]", .invalidAttachmentCount), ("5-[\"a\"]", .invalidAttachmentCount),
        ("51-[\"a\",{\"_placeholder\":true,\"num\":1}]", .invalidPayload),
    ])
    func refuses(text: String, error: SocketPacketError) {
        #expect(throws: error) { try decode(text) }
    }

    @Test func refusesWhatIsOutOfPlace() throws {
        var decoder = SocketPacketDecoder(maxAttachments: 3)
        #expect(throws: SocketPacketError.unexpectedAttachment) { try decoder.receive(.binary(ByteBuffer())) }
        #expect(try decoder.receive(.text(ByteBuffer(string: "51-[\"a\"]"))) == nil)
        #expect(throws: SocketPacketError.attachmentExpected) {
            try decoder.receive(.text(ByteBuffer(string: "2[\"a\"]")))
        }
    }

    @Test func randomBytesAreRefusedOrRead() {
        var generator = SeededGenerator(seed: 7)
        let alphabets: [[UInt8]] = [Array(0...255), Array(#"0123456789-/,[]{}":\ua_placeholdernumtrue "#.utf8)]
        for round in 0..<40_000 {
            var decoder = SocketPacketDecoder(maxAttachments: 3)
            for _ in 0..<3 {
                let length = Int.random(in: 0...30, using: &generator)
                let bytes = (0..<length).map { _ in alphabets[round % 2].randomElement(using: &generator) ?? 0 }
                let message = ByteBuffer(bytes: bytes)
                _ = try? decoder.receive(.random(using: &generator) ? .text(message) : .binary(message))
            }
        }
        #expect(throws: Never.self) { try decode("2[\"a\"]") }
    }
}
