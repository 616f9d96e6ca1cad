public import NIOCore
import NIOWebSocket
import Synchronization

/// An outgoing packet. It is encoded once for each framing and shared by all its receivers.
///
/// A text packet is one buffer: the WebSocket frame's header, followed by the packet, which is also the polling form.
/// Rare forms (base64 for polling, the deflated frame) are made on first use and kept.
public final class EncodedPacket: Sendable {
    /// The complete, unmasked WebSocket frame (RFC 6455, section 5.2).
    public let webSocketFrame: ByteBuffer
    /// The packet's size in a connection's outbound queue, in bytes.
    public let size: Int

    private let headerLength: Int
    private let isBinary: Bool
    private let derived = Mutex(Derived())

    private struct Derived {
        var base64: ByteBuffer?
        /// Keyed by the bits of the window.
        var deflatedFrames: [Int: ByteBuffer] = [:]
    }

    private init(frame: ByteBuffer, headerLength: Int, isBinary: Bool) {
        webSocketFrame = frame
        self.headerLength = headerLength
        self.isBinary = isBinary
        size = frame.readableBytes
    }

    /// A text message.
    ///
    /// - Parameters:
    ///   - length: How many bytes `write` writes.
    ///   - write: Writes the message's UTF-8 text.
    public convenience init(messageLength length: Int, write: (inout ByteBuffer) -> Void) {
        self.init(type: UInt8(ascii: "4"), length: length, write: write)
    }

    /// A text message.
    public convenience init(text: ByteBuffer) {
        self.init(messageLength: text.readableBytes) { $0.writeImmutableBuffer(text) }
    }

    /// A binary message.
    public convenience init(binary: ByteBuffer) {
        let (frame, headerLength) = WebSocketFraming.frame(.binary, length: binary.readableBytes) {
            $0.writeImmutableBuffer(binary)
        }
        self.init(frame: frame, headerLength: headerLength, isBinary: true)
    }

    public convenience init(_ message: EngineMessage) {
        switch message {
        case .text(let text): self.init(text: text)
        case .binary(let bytes): self.init(binary: bytes)
        }
    }

    convenience init(type: UInt8, length: Int, write: (inout ByteBuffer) -> Void) {
        let (frame, headerLength) = WebSocketFraming.frame(.text, length: length + 1) {
            $0.writeInteger(type)
            write(&$0)
        }
        self.init(frame: frame, headerLength: headerLength, isBinary: false)
    }

    convenience init(literal: StaticString) {
        let (frame, headerLength) = WebSocketFraming.frame(.text, length: literal.utf8CodeUnitCount) {
            $0.writeStaticString(literal)
        }
        self.init(frame: frame, headerLength: headerLength, isBinary: false)
    }

    /// The packet as an element of a polling payload.
    var pollingPacket: ByteBuffer {
        guard isBinary else { return payload }
        return self.derived.withLock { derived in
            if let base64 = derived.base64 { return base64 }
            var text = ByteBuffer(string: "b")
            text.writeImmutableBuffer(Base64.encode(payload))
            derived.base64 = text
            return text
        }
    }

    /// The frame with a deflated payload, or the plain frame if that is not longer.
    func deflatedFrame(with deflater: Deflater) -> ByteBuffer {
        self.derived.withLock { derived in
            if let frame = derived.deflatedFrames[deflater.windowBits] { return frame }
            var frame = webSocketFrame
            if let deflated = deflater.deflate(payload), deflated.readableBytes < payload.readableBytes {
                frame =
                    WebSocketFraming.frame(isBinary ? .binary : .text, length: deflated.readableBytes, rsv1: true) {
                        $0.writeImmutableBuffer(deflated)
                    }.frame
            }
            derived.deflatedFrames[deflater.windowBits] = frame
            return frame
        }
    }

    private var payload: ByteBuffer {
        var payload = webSocketFrame
        payload.moveReaderIndex(forwardBy: headerLength)
        return payload
    }
}

extension EncodedPacket {
    static let close = EncodedPacket(literal: "1")
    static let ping = EncodedPacket(literal: "2")
    static let probePong = EncodedPacket(literal: "3probe")
    static let noop = EncodedPacket(literal: "6")
}
