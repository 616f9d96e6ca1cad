internal import CZlib
internal import NIOCore

extension BlobReader {
    /// How much is read at a time. In between, other work has its turn on the threads.
    private static let checksumPiece = 1 << 20

    /// The CRC-32 of the whole file, as zip archives have it. Ends early, with an error, in a cancelled task.
    public func crc32() async throws -> UInt32 {
        var checksum = CZlib.crc32(0, nil, 0)
        var offset = 0
        while offset < size {
            try Task.checkCancellation()
            let piece = try await read(at: offset, count: min(Self.checksumPiece, size - offset))
            guard piece.readableBytes > 0 else {
                throw MediaError(.io, "the file became shorter while it was read")
            }
            checksum = piece.withUnsafeReadableBytes { bytes in
                CZlib.crc32(checksum, bytes.bindMemory(to: Bytef.self).baseAddress, uInt(bytes.count))
            }
            offset += piece.readableBytes
        }
        return UInt32(truncatingIfNeeded: checksum)
    }
}
