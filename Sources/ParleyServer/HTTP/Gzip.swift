internal import CZlib
import NIOCore

/// Compresses answers by gzip (RFC 1952).
enum Gzip {
    /// What is compressed without letting others run in between, in bytes: about a millisecond.
    private static let chunk = 64 * 1024
    /// The best trade: level 6 makes a page of messages 8 % smaller (3.9 for 4.2 kB) in three times the time (215 for 72 µs), and
    /// level 1 saves no more than a tenth of the time.
    private static let level: Int32 = 3
    /// The magic number, deflate, no flags, no time, no hints, an unknown system.
    private static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF]

    /// - Returns: Nil where it would be no smaller, or there is no memory.
    static func compress(_ plain: ByteBuffer) async -> ByteBuffer? {
        // Its state points back at it, so it must not move.
        let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
        defer { stream.deallocate() }
        stream.initialize(to: z_stream())
        guard czlib_deflate_init_raw(stream, level, 15, 8) == Z_OK else { return nil }
        defer { deflateEnd(stream) }
        var rest = plain
        var checksum = crc32(0, nil, 0)
        var compressed = ByteBuffer(bytes: header)
        compressed.reserveCapacity(plain.readableBytes / 4)
        repeat {
            let part = rest.readSlice(length: min(chunk, rest.readableBytes)) ?? ByteBuffer()
            part.withUnsafeReadableBytes { bytes in
                let bytes = bytes.bindMemory(to: UInt8.self)
                checksum = crc32(checksum, bytes.baseAddress, uInt(bytes.count))
            }
            deflate(part, isLast: rest.readableBytes == 0, stream, into: &compressed)
            guard compressed.readableBytes < plain.readableBytes else { return nil }
            if rest.readableBytes > 0 { await Task.yield() }
        } while rest.readableBytes > 0
        compressed.writeInteger(UInt32(truncatingIfNeeded: checksum), endianness: .little)
        compressed.writeInteger(UInt32(truncatingIfNeeded: plain.readableBytes), endianness: .little)
        return compressed.readableBytes < plain.readableBytes ? compressed : nil
    }

    private static func deflate(
        _ part: ByteBuffer, isLast: Bool, _ stream: UnsafeMutablePointer<z_stream>, into compressed: inout ByteBuffer
    ) {
        part.withUnsafeReadableBytes { input in
            stream.pointee.next_in = UnsafeMutablePointer(
                mutating: input.bindMemory(to: UInt8.self).baseAddress)
            stream.pointee.avail_in = uInt(input.count)
            let flush = isLast ? Z_FINISH : Z_NO_FLUSH
            repeat {
                compressed.writeWithUnsafeMutableBytes(minimumWritableBytes: 4096) { output in
                    stream.pointee.next_out = output.bindMemory(to: UInt8.self).baseAddress
                    stream.pointee.avail_out = uInt(output.count)
                    _ = CZlib.deflate(stream, flush)
                    return output.count - Int(stream.pointee.avail_out)
                }
                // A full buffer may have left something behind.
            } while stream.pointee.avail_out == 0
        }
    }
}
