/// Checks UTF-8 that arrives in pieces. It fails at the first byte that cannot continue a valid text (The Unicode
/// Standard, table 3-7; RFC 6455, section 8.1).
package struct UTF8Validator {
    /// Continuation bytes that the current character still needs.
    private var needed = 0
    /// The range that its next byte must be in: narrower than 0x80...0xBF after E0, ED, F0 and F4.
    private var lower: UInt8 = 0x80
    private var upper: UInt8 = 0xbf

    package init() {}

    /// Whether the text so far ends with a complete character.
    package var isComplete: Bool { needed == 0 }

    /// - Returns: Whether the bytes continue a valid text.
    mutating func consume(_ bytes: some Collection<UInt8>) -> Bool {
        let checked: Bool? = bytes.withContiguousStorageIfAvailable { self.consume(UnsafeRawBufferPointer($0)) }
        return checked ?? Array(bytes).withUnsafeBytes { self.consume($0) }
    }

    package mutating func consume(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        while index < bytes.count {
            if needed == 0 {
                // Most text is ASCII: skip it a word at a time.
                while index + 8 <= bytes.count,
                    bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self) & 0x8080_8080_8080_8080 == 0
                {
                    index += 8
                }
                if index == bytes.count { return true }
            }
            guard self.consume(bytes[index]) else { return false }
            index += 1
        }
        return true
    }

    private mutating func consume(_ byte: UInt8) -> Bool {
        if needed > 0 {
            guard byte >= lower, byte <= upper else { return false }
            needed -= 1
            (lower, upper) = (0x80, 0xbf)
            return true
        }
        switch byte {
        case 0x00...0x7f: break
        case 0xc2...0xdf: needed = 1
        case 0xe0: (needed, lower) = (2, 0xa0)
        case 0xed: (needed, upper) = (2, 0x9f)
        case 0xe1...0xef: needed = 2
        case 0xf0: (needed, lower) = (3, 0x90)
        case 0xf4: (needed, upper) = (3, 0x8f)
        case 0xf1...0xf3: needed = 3
        default: return false
        }
        return true
    }
}
