import CZlib
import NIOCore

/// The agreed parameters of permessage-deflate (RFC 7692). Neither side keeps a window between messages.
struct DeflateParameters: Equatable {
    /// Smaller messages, in bytes, are not deflated.
    var threshold: Int
    /// The base-2 logarithm of the deflate window in bytes: 8 to 15.
    var windowBits = 15

    /// Chooses from the client's offers (RFC 7692, section 5).
    ///
    /// - Parameter offers: The values of `Sec-WebSocket-Extensions`.
    /// - Returns: The agreed parameters and the header for the answer, or nil if no offer is acceptable.
    static func negotiate(offers: [String], threshold: Int) -> (parameters: DeflateParameters, response: String)? {
        for offer in offers.flatMap({ $0.split(separator: ",") }) {
            let tokens = offer.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
            guard tokens.first == "permessage-deflate", let offer = Offer(tokens.dropFirst()) else { continue }
            var response = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
            if let bits = offer.serverWindowBits { response += "; server_max_window_bits=\(bits)" }
            return (DeflateParameters(threshold: threshold, windowBits: offer.serverWindowBits ?? 15), response)
        }
        return nil
    }

    private struct Offer {
        /// The largest window that the client can inflate, or nil if it does not say.
        var serverWindowBits: Int?

        /// - Returns: nil for an unacceptable offer.
        init?(_ parameters: some Collection<String>) {
            var names: Set<Substring> = []
            for parameter in parameters {
                let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                guard names.insert(parts[0]).inserted else { return nil }
                switch (parts[0], parts.count > 1 ? parts[1] : nil) {
                case ("client_no_context_takeover", nil), ("server_no_context_takeover", nil): break
                // Messages are inflated with 15 bits, which covers any window of the client.
                case ("client_max_window_bits", nil): break
                case ("client_max_window_bits", let value?):
                    guard DeflateParameters.windowBits(value) != nil else { return nil }
                case ("server_max_window_bits", let value?):
                    guard let bits = DeflateParameters.windowBits(value) else { return nil }
                    serverWindowBits = bits
                default: return nil
                }
            }
        }
    }

    /// A number from 8 to 15 without leading zeros (section 7.1.2), as a token or a quoted string (RFC 6455, section
    /// 9.1).
    private static func windowBits(_ value: Substring) -> Int? {
        let isQuoted = value.count >= 2 && value.first == "\"" && value.last == "\""
        let digits = isQuoted ? value.dropFirst().dropLast() : value
        return (8...15).first { String($0) == digits }
    }
}

enum InflateError: Error { case invalid, tooLarge }

/// The four bytes that end a flushed deflate block. RFC 7692 omits them on the wire (section 7.2.1).
private let flushMarker: [UInt8] = [0x00, 0x00, 0xff, 0xff]

/// Inflates whole messages. It keeps no zlib state between them, so an idle connection costs nothing.
final class Inflater {
    private let maxSize: Int
    private let windowBits: Int

    /// - Parameter windowBits: The largest window of the messages: 15 covers everything that a client may send.
    init(maxSize: Int, windowBits: Int = 15) {
        self.maxSize = maxSize
        self.windowBits = windowBits
    }

    func inflate(_ compressed: ByteBuffer) throws(InflateError) -> ByteBuffer {
        var stream = z_stream()
        guard czlib_inflate_init_raw(&stream, Int32(windowBits)) == Z_OK else { throw .invalid }
        defer { inflateEnd(&stream) }
        var input = compressed
        input.writeBytes(flushMarker)
        var output = ByteBuffer()
        var status = Z_OK
        let maxSize = self.maxSize
        input.withUnsafeMutableReadableBytes { bytes in
            stream.next_in = bytes.bindMemory(to: UInt8.self).baseAddress
            stream.avail_in = UInt32(bytes.count)
            repeat {
                output.writeWithUnsafeMutableBytes(minimumWritableBytes: 4096) { space in
                    stream.next_out = space.bindMemory(to: UInt8.self).baseAddress
                    stream.avail_out = UInt32(min(space.count, 1 << 16))
                    let available = stream.avail_out
                    status = CZlib.inflate(&stream, Z_SYNC_FLUSH)
                    return Int(available - stream.avail_out)
                }
            } while status == Z_OK && stream.avail_out == 0 && output.readableBytes <= maxSize
        }
        // Z_BUF_ERROR means no more input. A message without a final block ends this way.
        guard status == Z_OK || status == Z_BUF_ERROR || status == Z_STREAM_END else { throw .invalid }
        guard output.readableBytes <= maxSize else { throw .tooLarge }
        guard stream.avail_in == 0 || status == Z_STREAM_END else { throw .invalid }
        return output
    }
}

/// Deflates whole messages.
final class Deflater: Sendable {
    private let threshold: Int
    let windowBits: Int

    init(_ parameters: DeflateParameters) {
        threshold = parameters.threshold
        windowBits = parameters.windowBits
    }

    /// - Returns: nil if the message is below the threshold or cannot be deflated.
    func deflate(_ payload: ByteBuffer) -> ByteBuffer? {
        guard payload.readableBytes >= threshold, payload.readableBytes > 0 else { return nil }
        var stream = z_stream()
        // zlib makes no raw stream with an 8-bit window. With 9 bits it refers back at most 250 bytes (MAX_DIST: the
        // window minus 262 bytes of lookahead), which fits in an 8-bit window.
        guard czlib_deflate_init_raw(&stream, 6, Int32(max(windowBits, 9)), 8) == Z_OK else { return nil }
        defer { deflateEnd(&stream) }
        // `deflateBound` is for a finished stream. A flush adds a marker.
        let bound = Int(deflateBound(&stream, UInt(payload.readableBytes))) + 16
        var input = payload
        var output = ByteBufferAllocator().buffer(capacity: bound)
        var status = Z_OK
        input.withUnsafeMutableReadableBytes { bytes in
            stream.next_in = bytes.bindMemory(to: UInt8.self).baseAddress
            stream.avail_in = UInt32(bytes.count)
            output.writeWithUnsafeMutableBytes(minimumWritableBytes: bound) { space in
                stream.next_out = space.bindMemory(to: UInt8.self).baseAddress
                stream.avail_out = UInt32(space.count)
                let available = stream.avail_out
                status = CZlib.deflate(&stream, Z_SYNC_FLUSH)
                return Int(available - stream.avail_out)
            }
        }
        guard status == Z_OK, stream.avail_in == 0, output.readableBytes >= flushMarker.count else { return nil }
        output.moveWriterIndex(to: output.writerIndex - flushMarker.count)
        return output
    }
}
