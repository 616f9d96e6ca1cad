public import NIOCore
internal import NIOPosix

/// One stored file, open: it can be read to its end even when it is deleted meanwhile. Closed when released; where that
/// deletes the bytes, on one of `threads`.
public final class BlobReader: Sendable {
    /// In bytes.
    public let size: Int
    private let file: OpenFile
    private let threads: NIOThreadPool

    /// What `chunks` reads at a time: it stays in the processor's cache until the socket has taken it.
    public static let chunkSize = 128 * 1024
    /// Up to this many bytes are worth having at once: each write to a socket wakes its reader. A slow reader holds that
    /// memory, a little more than what a longer file takes, some chunks of it.
    public static let wholeSize = 512 * 1024

    init(file: OpenFile, threads: NIOThreadPool) throws {
        self.file = file
        size = try file.size()
        self.threads = threads
    }

    deinit {
        if file.isRemoved { threads.submit { [file] _ in file.close() } }
    }

    /// Up to `count` bytes at `offset`, on a thread that may wait for the disk; fewer only at the end of the file.
    public func read(at offset: Int, count: Int) async throws -> ByteBuffer {
        try await threads.runIfActive { [file] in
            var buffer = ByteBufferAllocator().buffer(capacity: count)
            try buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
                try file.read(into: UnsafeMutableRawBufferPointer(rebasing: space[..<count]), at: offset)
            }
            return buffer
        }
    }

    /// Replaces what `buffer` holds by up to `count` bytes at `offset` that are in memory; none if the disk is needed.
    /// Its memory is used again if nobody else refers to it any more.
    fileprivate func readCached(at offset: Int, count: Int, into buffer: inout ByteBuffer) {
        buffer.clear(minimumCapacity: count)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { space in
            file.readCached(into: UnsafeMutableRawBufferPointer(rebasing: space[..<count]), at: offset)
        }
    }

    /// All bytes of `range`, which is for no more than `wholeSize`. Throws where the file is shorter.
    public func bytes(_ range: Range<Int>) async throws -> ByteBuffer {
        var bytes = ByteBuffer()
        for try await chunk in BlobChunks(reader: self, range: range.clamped(to: 0..<size), size: Self.wholeSize) {
            if bytes.readableBytes == 0 { bytes = chunk } else { bytes.writeImmutableBuffer(chunk) }
        }
        return bytes
    }

    /// The bytes of `range` in chunks, each read when it is asked for. Parts of the range outside the file are left out.
    public func chunks(_ range: Range<Int>) -> BlobChunks {
        BlobChunks(reader: self, range: range.clamped(to: 0..<size), size: Self.chunkSize)
    }
}

/// A file's bytes, chunk by chunk.
///
/// What the kernel has in memory is read where the sequence is iterated, that is on the connection's event loop: handing
/// each chunk to another thread and back cost more than all else of a download. Only what has to come from the disk is
/// read on a thread, and now and then a chunk that need not be, so that the loop's other connections get their turn
/// while one whose socket takes everything is served.
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
        /// Bytes that may still be read before others get their turn.
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
            // The response has promised these bytes: a file cut short meanwhile must not pass for a shorter one.
            guard chunk.readableBytes > 0 else { throw MediaError(.io, "the file became shorter while it was read") }
            range = (range.lowerBound + chunk.readableBytes)..<range.upperBound
            return chunk
        }
    }

    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(reader: reader, range: range, size: size) }
}
