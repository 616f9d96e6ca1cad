import FoundationEssentials
import NIOCore

/// Base64 (RFC 4648 section 4) between buffers.
enum Base64 {
    /// - Returns: nil where the text is not strict, padded base64.
    static func decode(_ text: some Collection<UInt8>) -> ByteBuffer? {
        Data(base64Encoded: Data(text)).map { ByteBuffer(bytes: $0) }
    }

    static func encode(_ bytes: ByteBuffer) -> ByteBuffer {
        ByteBuffer(bytes: Data(bytes.readableBytesView).base64EncodedData())
    }

    /// The URL-safe alphabet without padding (RFC 4648 section 5).
    static func urlSafe(_ bytes: [UInt8]) -> String {
        var text = Data(bytes).base64EncodedString()
        text.removeAll { $0 == "=" }
        return String(text.map { $0 == "+" ? "-" : $0 == "/" ? "_" : $0 })
    }
}
