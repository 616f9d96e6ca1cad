public import NIOCore
internal import NIOPosix

/// One open stored file. It can be read to its end even if it is deleted meanwhile. It is closed on release, on one of
/// `threads` if that deletes the bytes.
public final class BlobReader: Sendable {
    /// In bytes.
    public let size: Int
    private let file: OpenFile
    private let threads: NIOThreadPool

    /// The size of a chunk in bytes. It stays in the processor's cache until the socket has taken it.
    public static let chunkSize = 128 * 1024
    /// Files up to this many bytes are read at once, because each write to a socket wakes its reader. A slow reader
    /// holds this memory, which is little more than the chunks of a longer file.
    public static let wholeSize = 512 * 1024

    init(file: OpenFile, threads: NIOThreadPool) throws {
        self.file = file
        size = try file.size()
        self.threads = threads
    }

    deinit {
        if file.isRemoved { threads.submit { [file] _ in file.close() } }
    }

    /// Up to `count` bytes at `offset`, read on a thread that may block. Fewer only at the end of the file.
    public func read(at offset: Int, count: Int) async throws -> ByteBuffer {
        try await threads.runIfActive { [file] in
            var buffer = ByteBufferAllocator().buffer(capacity: count)
            try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
                try file.read(into: UnsafeMutableRawBufferPointer(rebasing: space[..<count]), at: offset)
            }
            return buffer
        }
    }

    /// Replaces the content of `buffer` with up to `count` bytes at `offset` that are in memory, or none if the disk is
    /// needed. Reuses the buffer's memory if nothing else refers to it.
    fileprivate func readCached(at offset: Int, count: Int, into buffer: inout ByteBuffer) {
        buffer.clear(minimumCapacity: count)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
            file.readCached(into: UnsafeMutableRawBufferPointer(rebasing: space[..<count]), at: offset)
        }
    }

    /// All bytes of `range`, of at most `wholeSize`. Throws if the file is shorter.
    public func bytes(_ range: Range<Int>) async throws -> ByteBuffer {
        var bytes = ByteBuffer()
        for try await chunk in BlobChunks(reader: self, range: range.clamped(to: 0..<size), size: Self.wholeSize) {
            if bytes.readableBytes == 0 { bytes = chunk } else { bytes.writeImmutableBuffer(chunk) }
        }
        return bytes
    }

    /// The bytes of `range` in chunks that are read on demand. Parts of the range outside the file are skipped.
    public func chunks(_ range: Range<Int>) -> BlobChunks {
        BlobChunks(reader: self, range: range.clamped(to: 0..<size), size: Self.chunkSize)
    }
}

/// A file's bytes, chunk by chunk.
///
/// Bytes in the kernel's memory are read where the sequence is iterated, on the connection's event loop. Passing each
/// chunk to another thread and back cost more than the rest of a download. Only bytes from the disk are read on a
/// thread. Now and then another chunk is too, so the loop's other connections get their turn beside a fast reader.
public struct BlobChunks: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer

    let reader: BlobReader
    let range: Range<Int>
    /// Of a chunk, in bytes.
    let size: Int

    public struct AsyncIterator: AsyncIteratorProtocol {
        let reader: BlobReader
        var range: Range<Int>
        let size: Int
        private var buffer = ByteBuffer()
        /// Bytes to read before other connections get their turn.
        private var turn = Self.turnSize

        private static let turnSize = 8 * 1024 * 1024

        init(reader: BlobReader, range: Range<Int>, size: Int) {
            self.reader = reader
            self.range = range
            self.size = size
        }

        public mutating func next() async throws -> ByteBuffer? {
            if range.isEmpty { return nil }
            let count = Swift.min(range.count, size)
            if turn > 0 { reader.readCached(at: range.lowerBound, count: count, into: &buffer) }
            if turn > 0, buffer.readableBytes > 0 {
                turn -= buffer.readableBytes
            } else {
                buffer = try await reader.read(at: range.lowerBound, count: count)
                turn = Self.turnSize
            }
            let chunk = buffer
            // The response has announced these bytes. A file that was truncated meanwhile must be an error.
            guard chunk.readableBytes > 0 else { throw MediaError(.io, "the file became shorter while it was read") }
            range = (range.lowerBound + chunk.readableBytes)..<range.upperBound
            return chunk
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(reader: reader, range: range, size: size) }
}
