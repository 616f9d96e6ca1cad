import NIOCore
import NIOWebSocket
import Testing

@testable import EngineIO

@Suite struct WebSocketAssemblerTests {
    private func frame(
        _ opcode: WebSocketOpcode,
        _ payload: String = "",
        fin: Bool = true,
        rsv1: Bool = false
    ) -> ClientFrame {
        ClientFrame(fin: fin, rsv1: rsv1, opcode: opcode, payload: ByteBuffer(string: payload))
    }

    @Test func assemblesFragments() {
        var assembler = WebSocketAssembler(maxMessageSize: 100)
        #expect(assembler.receive(frame(.text, "a", fin: false)) == .none)
        #expect(assembler.receive(frame(.ping, "p")) == .ping(ByteBuffer(string: "p")))
        #expect(assembler.receive(frame(.continuation, "b", fin: false)) == .none)
        let message = EngineMessage.text(ByteBuffer(string: "abc"))
        #expect(assembler.receive(frame(.continuation, "c")) == .message(message, isDeflated: false))
    }

    @Test func refusesUnmaskedFrames() {
        var assembler = WebSocketAssembler(maxMessageSize: 100)
        let frame = ClientFrame(opcode: .text, isMasked: false, payload: ByteBuffer(string: "a"))
        #expect(assembler.receive(frame) == .failure(.protocolError, "frame is not masked"))
    }

    @Test func limitsMessages() {
        var assembler = WebSocketAssembler(maxMessageSize: 4)
        #expect(assembler.receive(frame(.binary, "abcde")) == .failure(.messageTooLarge, "message too big"))
        #expect(assembler.receive(frame(.binary, "abc", fin: false)) == .none)
        #expect(assembler.receive(frame(.continuation, "de")) == .failure(.messageTooLarge, "message too big"))
    }

    @Test func allowsRSV1WithDeflateOnly() {
        var plain = WebSocketAssembler(maxMessageSize: 100)
        #expect(plain.receive(frame(.text, "a", rsv1: true)) == .failure(.protocolError, "reserved bit set"))
        var deflating = WebSocketAssembler(maxMessageSize: 100, allowsDeflate: true)
        let message = EngineMessage.text(ByteBuffer(string: "a"))
        #expect(deflating.receive(frame(.text, "a", rsv1: true)) == .message(message, isDeflated: true))
        #expect(deflating.receive(frame(.ping, "a", rsv1: true)) == .failure(.protocolError, "reserved bit set"))
    }
}
