import NIOCore
import NIOWebSocket
import Testing

@testable import EngineIO

@Suite struct WebSocketTests {
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
        #expect(assembler.receive(self.frame(.text, "a", fin: false)) == .none)
        #expect(assembler.receive(self.frame(.ping, "p")) == .ping(ByteBuffer(string: "p")))
        #expect(assembler.receive(self.frame(.continuation, "b", fin: false)) == .none)
        let message = EngineMessage.text(ByteBuffer(string: "abc"))
        #expect(assembler.receive(self.frame(.continuation, "c")) == .message(message, isDeflated: false))
    }

    @Test func refusesUnmaskedFrames() {
        var assembler = WebSocketAssembler(maxMessageSize: 100)
        let frame = ClientFrame(opcode: .text, isMasked: false, payload: ByteBuffer(string: "a"))
        #expect(assembler.receive(frame) == .failure(.protocolError, "frame is not masked"))
    }

    @Test func limitsMessages() {
        var assembler = WebSocketAssembler(maxMessageSize: 4)
        #expect(assembler.receive(self.frame(.binary, "abcde")) == .failure(.messageTooLarge, "message too big"))
        #expect(assembler.receive(self.frame(.binary, "abc", fin: false)) == .none)
        #expect(assembler.receive(self.frame(.continuation, "de")) == .failure(.messageTooLarge, "message too big"))
    }

    @Test func allowsRSV1WithDeflateOnly() {
        var plain = WebSocketAssembler(maxMessageSize: 100)
        #expect(plain.receive(self.frame(.text, "a", rsv1: true)) == .failure(.protocolError, "reserved bit set"))
        var deflating = WebSocketAssembler(maxMessageSize: 100, allowsDeflate: true)
        let message = EngineMessage.text(ByteBuffer(string: "a"))
        #expect(deflating.receive(self.frame(.text, "a", rsv1: true)) == .message(message, isDeflated: true))
        #expect(deflating.receive(self.frame(.ping, "a", rsv1: true)) == .failure(.protocolError, "reserved bit set"))
    }

    @Test func negotiatesDeflate() {
        func isAccepted(_ offer: String) -> Bool { DeflateParameters.negotiate(offers: [offer], threshold: 0) != nil }
        #expect(isAccepted("permessage-deflate"))
        #expect(isAccepted("permessage-deflate; client_max_window_bits"))
        #expect(isAccepted("x-other, permessage-deflate; server_no_context_takeover; client_max_window_bits=10"))
        #expect(!isAccepted("permessage-deflate; server_max_window_bits=10"))
        #expect(!isAccepted("permessage-deflate; client_max_window_bits=99"))
        #expect(!isAccepted("permessage-deflate; unknown"))
        #expect(!isAccepted("permessage-deflate; client_max_window_bits; client_max_window_bits"))
        #expect(!isAccepted(""))
    }

    @Test(arguments: [1, 100, 70_000, 1_000_000])
    func inflatesWhatItDeflated(size: Int) throws {
        let payload = ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) })
        let deflated = try #require(Deflater(DeflateParameters(threshold: 0)).deflate(payload))
        #expect(try Inflater(maxSize: size).inflate(deflated) == payload)
        #expect(throws: InflateError.tooLarge) { try Inflater(maxSize: size - 1).inflate(deflated) }
    }

    @Test func leavesShortMessagesAlone() {
        #expect(Deflater(DeflateParameters(threshold: 10)).deflate(ByteBuffer(string: "short")) == nil)
    }
}
