package import NIOCore

/// The payload of an event on the bus: a line of words for servers, and what clients get. Each of those is a line of words
/// and a line of JSON, which has no line breaks.
package struct RelayedText: Sendable {
    package struct Part: Sendable {
        package var words: [String]
        package var json: ByteBuffer

        package init(_ words: [String], _ json: ByteBuffer) {
            self.words = words
            self.json = json
        }
    }

    package var words: [String]
    package var parts: [Part]

    package init(_ words: [String], _ parts: [Part] = []) {
        self.words = words
        self.parts = parts
    }

    private static let lineBreak = UInt8(ascii: "\n")

    package var bytes: ByteBuffer {
        var text = ByteBuffer()
        text.reserveCapacity(40 * words.count + parts.reduce(0) { $0 + $1.json.readableBytes + 60 })
        Self.write(words, to: &text)
        for part in parts {
            text.writeInteger(Self.lineBreak)
            Self.write(part.words, to: &text)
            text.writeInteger(Self.lineBreak)
            text.writeImmutableBuffer(part.json)
        }
        return text
    }

    private static func write(_ words: [String], to text: inout ByteBuffer) {
        for (index, word) in words.enumerated() {
            if index > 0 { text.writeInteger(UInt8(ascii: " ")) }
            text.writeString(word)
        }
    }

    /// - Returns: Nil if it is not such a text.
    package init?(_ bytes: ByteBuffer) {
        var bytes = bytes
        words = Self.words(Self.line(&bytes))
        parts = []
        while bytes.readableBytes > 0 {
            let words = Self.words(Self.line(&bytes))
            let json = Self.line(&bytes)
            guard json.readableBytes > 0 else { return nil }
            parts.append(Part(words, json))
        }
    }

    private static func line(_ bytes: inout ByteBuffer) -> ByteBuffer {
        let length = bytes.readableBytesView.firstIndex(of: lineBreak).map { $0 - bytes.readerIndex }
        let line = bytes.readSlice(length: length ?? bytes.readableBytes) ?? ByteBuffer()
        if length != nil { bytes.moveReaderIndex(forwardBy: 1) }
        return line
    }

    private static func words(_ line: ByteBuffer) -> [String] {
        String(buffer: line).split(separator: " ").map(String.init)
    }
}
