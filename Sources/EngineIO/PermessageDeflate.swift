import CZlib
import NIOCore

/// What was agreed on for permessage-deflate (RFC 7692). Neither side keeps a window between messages.
struct DeflateParameters: Equatable {
    /// Bytes below which a message is not deflated.
    var threshold: Int

    /// Chooses from the client's offers (RFC 7692 section 5).
    ///
    /// - Parameter offers: The values of `Sec-WebSocket-Extensions`.
    /// - Returns: The agreed parameters and the header's value in the answer, or nil where no offer is acceptable.
    static func negotiate(offers: [String], threshold: Int) -> (parameters: DeflateParameters, response: String)? {
        for offer in offers.flatMap({ $0.split(separator: ",") }) {
            let tokens = offer.split(separator: ";").map { $0.filter { !$0.isWhitespace }.lowercased() }
            guard tokens.first == "permessage-deflate", Self.isAcceptable(tokens.dropFirst()) else { continue }
            return (
                DeflateParameters(threshold: threshold),
                "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
            )
        }
        return nil
    }

    private static func isAcceptable(_ parameters: some Collection<String>) -> Bool {
        Set(parameters).count == parameters.count
            && parameters.allSatisfy { parameter in
                switch parameter {
                case "client_no_context_takeover", "server_no_context_takeover", "client_max_window_bits": true
                // Any window of the client's is within the 15 bits that are inflated with. A smaller window for
                // the server's messages is an offer not taken.
                case _ where parameter.hasPrefix("client_max_window_bits="):
                    (8...15).contains(Int(parameter.dropFirst("client_max_window_bits=".count)) ?? 0)
                case "server_max_window_bits=15": true
                default: false
                }
            }
    }
}

enum InflateError: Error { case invalid, tooLarge }

/// The four bytes that end a flushed deflate block, which RFC 7692 leaves out on the wire (section 7.2.1).
private let flushMarker: [UInt8] = [0x00, 0x00, 0xff, 0xff]

/// Inflates whole messages. Keeps no zlib state between them, so that an idle connection costs nothing.
final class Inflater {
    private let maxSize: Int

    init(maxSize: Int) {
        self.maxSize = maxSize
    }

    func inflate(_ compressed: ByteBuffer) throws(InflateError) -> ByteBuffer {
        var stream = z_stream()
        guard czlib_inflate_init_raw(&stream, 15) == Z_OK else { throw .invalid }
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
        // Z_BUF_ERROR: no more input, which is how a message without a final block ends.
        guard status == Z_OK || status == Z_BUF_ERROR || status == Z_STREAM_END else { throw .invalid }
        guard output.readableBytes <= maxSize else { throw .tooLarge }
        guard stream.avail_in == 0 || status == Z_STREAM_END else { throw .invalid }
        return output
    }
}

/// Deflates whole messages.
final class Deflater: Sendable {
    private let threshold: Int

    init(_ parameters: DeflateParameters) {
        self.threshold = parameters.threshold
    }

    /// - Returns: nil where the message is below the threshold or cannot be deflated.
    func deflate(_ payload: ByteBuffer) -> ByteBuffer? {
        guard payload.readableBytes >= self.threshold, payload.readableBytes > 0 else { return nil }
        var stream = z_stream()
        guard czlib_deflate_init_raw(&stream, 6, 15, 8) == Z_OK else { return nil }
        defer { deflateEnd(&stream) }
        // The bound is for a finished stream; a flush adds a marker to it.
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
