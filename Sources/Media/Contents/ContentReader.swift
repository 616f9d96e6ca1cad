internal import CZlib
public import NIOCore

/// The bytes of one stored file.
public enum ContentReader: Sendable {
    case file(BlobReader)
    case object(ObjectReader)
    /// A small file that has just come from the object store.
    case bytes(ByteBuffer)

    /// In bytes.
    public var size: Int {
        switch self {
        case .file(let reader): reader.size
        case .object(let reader): reader.size
        case .bytes(let bytes): bytes.readableBytes
        }
    }

    /// All bytes of `range`, of at most `BlobReader.wholeSize`. Throws if the file is shorter.
    public func bytes(_ range: Range<Int>) async throws -> ByteBuffer {
        switch self {
        case .file(let reader): return try await reader.bytes(range)
        case .object(let reader): return try await reader.bytes(range)
        case .bytes(let bytes):
            return bytes.getSlice(at: bytes.readerIndex + range.lowerBound, length: range.count) ?? ByteBuffer()
        }
    }

    /// The bytes of `range`, of which the first are there, or known to come: an answer may begin.
    public func begin(_ range: Range<Int>) async throws -> ContentBody {
        switch self {
        case .file(let reader): return .chunks(reader.chunks(range))
        case .object(let reader): return .pieces(try await reader.begin(range))
        case .bytes: return .bytes(try await bytes(range))
        }
    }

    /// The CRC-32 of the whole file, as zip archives have it. Ends early, with an error, in a cancelled task.
    public func crc32() async throws -> UInt32 {
        if case .file(let reader) = self { return try await reader.crc32() }
        var checksum = CZlib.crc32(0, nil, 0)
        try await begin(0..<size).write { piece in
            checksum = piece.withUnsafeReadableBytes { bytes in
                CZlib.crc32(checksum, bytes.bindMemory(to: Bytef.self).baseAddress, uInt(bytes.count))
            }
        }
        return UInt32(truncatingIfNeeded: checksum)
    }
}

/// Bytes on their way, to be written once.
public enum ContentBody: Sendable {
    case chunks(BlobChunks)
    case pieces(ObjectPieces)
    case bytes(ByteBuffer)

    /// Passes the bytes to `send`, in chunks, each after the one before was taken.
    public func write(_ send: (ByteBuffer) async throws -> Void) async throws {
        switch self {
        case .chunks(let chunks): for try await chunk in chunks { try await send(chunk) }
        case .pieces(let pieces): try await pieces.write(send)
        case .bytes(let bytes): try await send(bytes)
        }
    }
}
