import EngineIO
import NIOCore
import Testing

@testable import SocketIO

@Suite struct SocketPacketEncoderTests {
    private func fragments(_ texts: String...) -> [JSONFragment] { texts.map { JSONFragment(json: $0) } }

    @Test func encodes() {
        func text(_ packet: EncodedPacket) -> String {
            var frame = packet.webSocketFrame
            frame.moveReaderIndex(forwardBy: 2)
            return String(buffer: frame)
        }
        #expect(text(SocketPacketEncoder.connected(namespace: "/", sid: "x")) == #"40{"sid":"x"}"#)
        #expect(text(SocketPacketEncoder.disconnect(namespace: "/n")) == "41/n,")
        #expect(
            text(
                SocketPacketEncoder.connectError(
                    namespace: "/n", message: "No \"way\"", data: JSONFragment(json: "[1]")))
                == #"44/n,{"message":"No \"way\"","data":[1]}"#
        )
        let event = SocketPacketEncoder.event(
            namespace: "/n",
            id: 5,
            name: "a",
            arguments: fragments("1", "2"),
            attachments: []
        )
        #expect(event.packets.map(text) == [#"42/n,5["a",1,2]"#])
        let binary = SocketPacketEncoder.acknowledgement(
            namespace: "/",
            id: 5,
            arguments: [.placeholder(0)],
            attachments: [ByteBuffer(string: "xyz")]
        )
        #expect(binary.packets.map(text) == [#"461-5[{"_placeholder":true,"num":0}]"#, "xyz"])
        let quoted = SocketPacketEncoder.event(namespace: "/", name: "a\"\n", arguments: [], attachments: [])
        #expect(quoted.packets.map(text) == [#"42["a\"\n"]"#])
    }
}
