import NIOCore
import NIOWebSocket

/// Assembles a client's WebSocket frames into messages, and refuses what RFC 6455 forbids. It does no I/O.
struct WebSocketAssembler {
    enum Event: Equatable {
        /// A fragment was stored.
        case none
        /// - Parameter isDeflated: The payload is still compressed (RFC 7692), and its text is not yet checked.
        case message(EngineMessage, isDeflated: Bool)
        case ping(ByteBuffer)
        case pong
        /// - Parameter code: The peer's code, to be echoed, or nil if it sent none.
        case close(WebSocketErrorCode?)
        /// Fail the connection with this code.
        case failure(WebSocketErrorCode, String)
    }

    /// The limit of a message in bytes. A larger message is refused with 1009.
    let maxMessageSize: Int
    let allowsDeflate: Bool
    private var fragments: Fragments?

    private struct Fragments {
        var isText: Bool
        var isDeflated: Bool
        var payload: ByteBuffer
        var validator = UTF8Validator()
    }

    init(maxMessageSize: Int, allowsDeflate: Bool = false) {
        self.maxMessageSize = maxMessageSize
        self.allowsDeflate = allowsDeflate
    }

    mutating func receive(_ frame: ClientFrame) -> Event {
        // RFC 6455, section 5.1: a client masks every frame.
        guard frame.isMasked else { return .failure(.protocolError, "frame is not masked") }
        if frame.rsv2 || frame.rsv3 { return .failure(.protocolError, "reserved bit set") }
        if frame.rsv1 {
            guard allowsDeflate, frame.opcode == .text || frame.opcode == .binary else {
                return .failure(.protocolError, "reserved bit set")
            }
        }
        switch frame.opcode {
        case .text, .binary:
            guard self.fragments == nil else { return .failure(.protocolError, "message inside a fragmented message") }
            return receiveFirst(frame)
        case .continuation:
            guard var fragments = self.fragments.take() else {
                return .failure(.protocolError, "continuation of no message")
            }
            guard fragments.payload.readableBytes + frame.payload.readableBytes <= maxMessageSize else {
                return .failure(.messageTooLarge, "message too big")
            }
            fragments.payload.writeImmutableBuffer(frame.payload)
            return advance(&fragments, by: frame.payload.readableBytes, isLast: frame.fin)
        case .ping: return .ping(frame.payload)
        case .pong: return .pong
        case .connectionClose: return receiveClose(frame.payload)
        default: return .failure(.protocolError, "reserved opcode")
        }
    }

    private mutating func receiveFirst(_ frame: ClientFrame) -> Event {
        guard frame.payload.readableBytes <= maxMessageSize else {
            return .failure(.messageTooLarge, "message too big")
        }
        var fragments = Fragments(
            isText: frame.opcode == .text,
            isDeflated: frame.rsv1,
            payload: frame.payload
        )
        return advance(&fragments, by: frame.payload.readableBytes, isLast: frame.fin)
    }

    /// Checks the newest `count` bytes, then stores or returns the message.
    private mutating func advance(_ fragments: inout Fragments, by count: Int, isLast: Bool) -> Event {
        if fragments.isText, !fragments.isDeflated {
            guard fragments.validator.consume(fragments.payload.readableBytesView.suffix(count)),
                !isLast || fragments.validator.isComplete
            else { return .failure(.dataInconsistentWithMessage, "invalid UTF-8") }
        }
        guard isLast else {
            self.fragments = fragments
            return .none
        }
        return .message(
            fragments.isText ? .text(fragments.payload) : .binary(fragments.payload),
            isDeflated: fragments.isDeflated
        )
    }

    private func receiveClose(_ payload: ByteBuffer) -> Event {
        var payload = payload
        if payload.readableBytes == 0 { return .close(nil) }
        guard let number = payload.readInteger(as: UInt16.self), Self.mayBeSent(number) else {
            return .failure(.protocolError, "invalid close code")
        }
        var validator = UTF8Validator()
        guard validator.consume(payload.readableBytesView), validator.isComplete else {
            return .failure(.dataInconsistentWithMessage, "invalid UTF-8")
        }
        return .close(WebSocketErrorCode(codeNumber: Int(number)))
    }

    /// Whether a close frame may carry the code (RFC 6455, section 7.4, and IANA's registry).
    private static func mayBeSent(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
