import CZlib
import NIOCore
import Testing

@testable import ParleyServer

@Suite struct GzipTests {
    /// What a member of RFC 1952 without optional fields holds; nil if its checksum or its length is wrong.
    private func decompress(_ compressed: ByteBuffer, length: Int) -> [UInt8]? {
        var rest = compressed
        guard rest.readBytes(length: 4) == [0x1F, 0x8B, 8, 0] else { return nil }
        rest.moveReaderIndex(forwardBy: 6)
        var (input, output) = (Array(rest.readableBytesView.dropLast(8)), [UInt8](repeating: 0, count: length + 1))
        var stream = z_stream()
        guard czlib_inflate_init_raw(&stream, 15) == Z_OK else { return nil }
        defer { inflateEnd(&stream) }
        let status = input.withUnsafeMutableBufferPointer { input in
            output.withUnsafeMutableBufferPointer { output in
                stream.next_in = input.baseAddress
                stream.avail_in = uInt(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = uInt(output.count)
                return inflate(&stream, Z_FINISH)
            }
        }
        let plain = Array(output.prefix(Int(stream.total_out)))
        rest.moveReaderIndex(to: rest.writerIndex - 8)
        guard status == Z_STREAM_END,
            rest.readInteger(endianness: .little, as: UInt32.self) == UInt32(crc32(0, plain, uInt(plain.count))),
            rest.readInteger(endianness: .little, as: UInt32.self) == UInt32(plain.count)
        else { return nil }
        return plain
    }

    /// Around the sizes of its pieces, too.
    @Test(arguments: [100, 4096, 65_535, 65_536, 65_537, 131_072, 1_000_000])
    func whatIsCompressedComesBack(length: Int) async throws {
        let plain = (0..<length).map { UInt8(truncatingIfNeeded: $0 / 7 % 50) }
        let compressed = try #require(await Gzip.compress(ByteBuffer(bytes: plain)))
        #expect(compressed.readableBytes < length)
        #expect(decompress(compressed, length: length) == plain)
    }

    @Test func whatGetsNoSmallerStays() async {
        var random = SystemRandomNumberGenerator()
        let noise = (0..<100_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        #expect(await Gzip.compress(ByteBuffer(bytes: noise)) == nil)
        #expect(await Gzip.compress(ByteBuffer()) == nil)
    }
}
