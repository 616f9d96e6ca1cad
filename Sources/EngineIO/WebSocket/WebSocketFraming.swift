import NIOCore
import NIOWebSocket

/// Frames as a server sends them: unmasked and unfragmented (RFC 6455, section 5.2).
enum WebSocketFraming {
    /// - Returns: The frame and the length of its header.
    static func frame(
        _ opcode: WebSocketOpcode,
        length: Int,
        rsv1: Bool = false,
        write: (inout ByteBuffer) -> Void
    ) -> (frame: ByteBuffer, headerLength: Int) {
        var frame = ByteBufferAllocator().buffer(capacity: length + 10)
        frame.writeInteger(UInt8(0x80) | (rsv1 ? 0x40 : 0) | UInt8(webSocketOpcode: opcode))
        switch length {
        case ..<126: frame.writeInteger(UInt8(length))
        case ...0xffff: frame.writeMultipleIntegers(UInt8(126), UInt16(length))
        default: frame.writeMultipleIntegers(UInt8(127), UInt64(length))
        }
        let headerLength = frame.readableBytes
        write(&frame)
        assert(
            frame.readableBytes == headerLength + length, "the frame's payload has not the length that was announced")
        return (frame, headerLength)
    }

    static func closeFrame(code: WebSocketErrorCode?, reason: String = "") -> ByteBuffer {
        guard let code else { return Self.frame(.connectionClose, length: 0) { _ in }.frame }
        // A control frame carries at most 125 bytes, two of them the code.
        let reason = Array(reason.utf8.prefix(123))
        return Self.frame(.connectionClose, length: 2 + reason.count) {
            $0.write(webSocketErrorCode: code)
            $0.writeBytes(reason)
        }.frame
    }
}
