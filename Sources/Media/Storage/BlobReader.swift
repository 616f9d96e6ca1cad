internal import Glibc
public import NIOCore
internal import NIOPosix

/// One stored file, open: it can be read to its end even when it is deleted meanwhile. Closed when released.
public final class BlobReader: Sendable {
    /// In bytes.
    public let size: Int
    private let file: OpenFile
    private let threads: NIOThreadPool

    /// What `chunks` reads at a time: few thread hops, little memory.
    public static let chunkSize = 256 * 1024

    init(path: String, threads: NIOThreadPool) throws {
        file = try OpenFile(path, O_RDONLY)
        size = try file.size()
        self.threads = threads
    }

    /// The descriptor, for `sendfile`. It is this object's and is closed with it.
    public var descriptor: Int32 { file.descriptor }

    /// Up to `count` bytes at `offset`; fewer only at the end of the file.
    public func read(at offset: Int, count: Int) async throws -> ByteBuffer {
        let count = max(0, min(count, size - offset))
        return try await threads.runIfActive { [file] in
            var buffer = ByteBufferAllocator().buffer(capacity: count)
            try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
                try file.read(into: UnsafeMutableRawBufferPointer(rebasing: space[..<count]), at: offset)
            }
            return buffer
        }
    }

    /// The bytes of `range` in chunks, each read when it is asked for. Parts of the range outside the file are left out.
    public func chunks(_ range: Range<Int>) -> BlobChunks {
        BlobChunks(reader: self, range: range.clamped(to: 0..<size))
    }
}

/// A file's bytes, chunk by chunk.
public struct BlobChunks: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer

    let reader: BlobReader
    let range: Range<Int>

    public struct AsyncIterator: AsyncIteratorProtocol {
        let reader: BlobReader
        var range: Range<Int>

        public mutating func next() async throws -> ByteBuffer? {
            if range.isEmpty { return nil }
            let chunk = try await reader.read(at: range.lowerBound, count: Swift.min(range.count, BlobReader.chunkSize))
            // The response has promised these bytes: a file cut short meanwhile must not pass for a shorter one.
            guard chunk.readableBytes > 0 else { throw MediaError(.io, "the file became shorter while it was read") }
            range = (range.lowerBound + chunk.readableBytes)..<range.upperBound
            return chunk
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(reader: reader, range: range) }
}
