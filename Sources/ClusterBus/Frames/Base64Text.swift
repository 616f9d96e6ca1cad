internal import NIOCore

/// Base64 with the URL's alphabet, of lengths that need no padding (RFC 4648, section 5): each three bytes are four letters.
enum Base64Text {
    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, letter) in letters.enumerated() { values[Int(letter)] = UInt8(value) }
        return values
    }()

    /// - Parameter bytes: A multiple of three.
    static func write(_ bytes: UnsafeRawBufferPointer, to buffer: inout ByteBuffer) {
        let count = bytes.count / 3 * 4
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { text in
            letters.withUnsafeBufferPointer { letters in
                var place = 0
                for index in stride(from: 0, to: bytes.count - 2, by: 3) {
                    let group = Int(bytes[index]) << 16 | Int(bytes[index + 1]) << 8 | Int(bytes[index + 2])
                    text[place] = letters[group >> 18]
                    text[place + 1] = letters[group >> 12 & 0x3F]
                    text[place + 2] = letters[group >> 6 & 0x3F]
                    text[place + 3] = letters[group & 0x3F]
                    place += 4
                }
            }
            return count
        }
    }

    /// - Parameter text: A multiple of four; `bytes` is as long as what they say.
    /// - Returns: Whether all are letters of the alphabet.
    static func read(_ text: UnsafeRawBufferPointer, into bytes: UnsafeMutableRawBufferPointer) -> Bool {
        values.withUnsafeBufferPointer { values in
            var place = 0
            var unknown: UInt8 = 0
            for index in stride(from: 0, to: text.count - 3, by: 4) {
                let (a, b) = (values[Int(text[index])], values[Int(text[index + 1])])
                let (c, d) = (values[Int(text[index + 2])], values[Int(text[index + 3])])
                unknown |= (a | b | c | d) & 0x80
                let group = Int(a) << 18 | Int(b) << 12 | Int(c) << 6 | Int(d)
                bytes[place] = UInt8(truncatingIfNeeded: group >> 16)
                bytes[place + 1] = UInt8(truncatingIfNeeded: group >> 8)
                bytes[place + 2] = UInt8(truncatingIfNeeded: group)
                place += 3
            }
            return unknown == 0
        }
    }
}
