import FoundationEssentials
import NIOCore

/// Base64 (RFC 4648) between buffers.
enum Base64 {
    /// Decodes what Node's `Buffer` accepts: either alphabet (RFC 4648, sections 4 and 5), with or without padding, and
    /// with MIME's line breaks (RFC 2045, section 6.8).
    ///
    /// - Returns: nil if the text contains anything else, or its last digits do not form a whole byte.
    static func decode(_ text: some Collection<UInt8>) -> ByteBuffer? {
        var digits: [UInt8] = []
        digits.reserveCapacity(text.count + 3)
        var isPadded = false
        for byte in text {
            switch byte {
            case 0x09...0x0d, 0x20: continue
            case UInt8(ascii: "="): isPadded = true
            case _ where isPadded: return nil
            case UInt8(ascii: "-"): digits.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): digits.append(UInt8(ascii: "/"))
            default: digits.append(byte)
            }
        }
        while digits.count % 4 != 0 { digits.append(UInt8(ascii: "=")) }
        return Data(base64Encoded: Data(digits)).map { ByteBuffer(bytes: $0) }
    }

    static func encode(_ bytes: ByteBuffer) -> ByteBuffer {
        ByteBuffer(bytes: Data(bytes.readableBytesView).base64EncodedData())
    }

    /// The URL-safe alphabet without padding (RFC 4648, section 5).
    static func urlSafe(_ bytes: [UInt8]) -> String {
        var text = Data(bytes).base64EncodedString()
        text.removeAll { $0 == "=" }
        return String(text.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }
}
