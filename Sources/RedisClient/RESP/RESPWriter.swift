import NIOCore

/// Writes commands: arrays of strings.
struct RESPWriter: Sendable {
    private(set) var buffer: ByteBuffer

    init(_ buffer: ByteBuffer = ByteBuffer()) { self.buffer = buffer }

    mutating func command(_ words: [String]) {
        head("*", words.count)
        for word in words { string(word) }
    }

    /// `PUBLISH`, whose last word is bytes.
    mutating func publish(_ message: RedisMessage) {
        head("*", 3)
        string("PUBLISH")
        string(message.channel)
        head("$", message.payload.readableBytes)
        buffer.writeImmutableBuffer(message.payload)
        buffer.writeStaticString("\r\n")
    }

    private mutating func string(_ text: String) {
        head("$", text.utf8.count)
        buffer.writeString(text)
        buffer.writeStaticString("\r\n")
    }

    private mutating func head(_ type: Unicode.Scalar, _ count: Int) {
        buffer.writeInteger(UInt8(ascii: type))
        buffer.writeString(String(count))
        buffer.writeStaticString("\r\n")
    }
}
