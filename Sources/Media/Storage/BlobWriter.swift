internal import Crypto
public import Foundation
internal import Glibc
public import NIOCore
internal import NIOPosix

/// A file received in whole, in its temporary place, and what its bytes are.
public struct ReceivedFile: Sendable {
    public let name: UUID
    public let sha256: BlobID
    /// In bytes.
    public let size: Int
    /// The MIME type of the bytes, whatever the client called them.
    public let type: String
    public var path: String { file.path }
    /// Whether there was a file of this content already when it had come. A hint: either can change at once.
    public let isStored: Bool
    let file: OpenFile

    /// Whether a worker looks at such a file, and writes others beside it.
    public var isForWorkers: Bool { MediaType(mime: type).isForWorkers }
}

/// Writes one upload to its temporary file, with its SHA-256 as the bytes pass.
///
/// For one caller at a time, who waits for each call before the next: that is also the backpressure to the sender.
/// Without `finish` or `suspend`, the temporary file is removed by `abort`, or by the sweep of old temporaries.
public actor BlobWriter {
    private enum State { case ready, working, ended }

    /// What the threads work on; handed to them and back, never shared.
    private struct Progress: Sendable {
        /// Nil until the first bytes, or the end, of an upload that begins.
        var file: OpenFile?
        var written: Int
        /// Bytes that the disk has room for already.
        var reserved = 0
        /// Nil when the writer did not begin at the start: the hash is then taken from the file at the end.
        var hash: SHA256?

        /// Takes room for `count` more bytes and, of what is announced, for as many again as have come: in few steps,
        /// and never for much more than there is.
        mutating func reserve(_ announced: Int?, for count: Int) throws {
            guard let announced, let file, written + count > reserved, written + count < announced else { return }
            reserved = min(announced, 2 * (written + count))
            try file.reserve(reserved)
        }
    }

    public nonisolated let name: UUID
    private let maxBytes: Int
    /// In bytes, if the sender said it. The disk must have room for that many when the first come; it is reserved as they
    /// come, so that a promise takes nothing from others.
    private let announced: Int?
    private let store: BlobStore
    private var progress: Progress
    private var pending: [ByteBuffer] = []
    private var pendingBytes = 0
    private var state = State.ready

    /// Bytes are collected to this many before they go to a thread: a hop costs more than writing a small piece.
    private static let chunkSize = 512 * 1024
    /// A buffer of fewer bytes is copied behind one before it that is small as well; a larger one is kept as it came from
    /// the socket.
    private static let smallBuffer = 16 * 1024

    /// - Parameter file: with `offset` bytes in it; nil for one that is still to be made.
    init(store: BlobStore, file: OpenFile?, name: UUID, offset: Int, maxBytes: Int, announced: Int? = nil) {
        self.store = store
        self.name = name
        self.maxBytes = maxBytes
        self.announced = announced
        progress = Progress(file: file, written: offset, hash: offset == 0 ? SHA256() : nil)
    }

    /// Bytes taken so far, those before a continuation included.
    public var count: Int { progress.written + pendingBytes }

    /// Takes more bytes. `tooLarge` as soon as they exceed the limit, `storageFull` when they find no room.
    public func write(_ buffer: ByteBuffer) async throws {
        guard state == .ready else { throw MediaError(.inUse) }
        guard buffer.readableBytes <= maxBytes - count else { throw MediaError(.tooLarge) }
        if buffer.readableBytes < Self.smallBuffer, let last = pending.last, last.readableBytes < Self.smallBuffer {
            pending[pending.count - 1].writeImmutableBuffer(buffer)
        } else {
            pending.append(buffer)
        }
        pendingBytes += buffer.readableBytes
        if pendingBytes >= Self.chunkSize { try await perform { _, _ in } }
    }

    /// Says what the bytes are, and ends this writer. The file stays in its temporary place, and is not durable yet:
    /// `commit` or `discard` it.
    public func finish() async throws -> ReceivedFile {
        let received = try await perform { [name, store] progress, file in
            let sha256 = BlobID(try progress.hash?.finalize() ?? Self.hash(file))
            let head = try file.read(count: min(progress.written, Sniffer.headSize), at: 0)
            file.unlock()
            let received = ReceivedFile(
                name: name, sha256: sha256, size: progress.written, type: try Sniffer.type(of: head),
                isStored: store.holds(sha256), file: file)
            // What a worker writes is about as large.
            if received.isForWorkers { try store.checkRoom(for: received.size) }
            return received
        }
        state = .ended
        return received
    }

    /// Makes the bytes durable and ends this writer; another can go on at the returned offset.
    public func suspend() async throws -> Int {
        let offset = try await perform { progress, file in
            try file.sync()
            file.unlock()
            return progress.written
        }
        state = .ended
        return offset
    }

    /// Ends this writer and removes what it wrote.
    public func abort() async {
        state = .ended
        pending = []
        pendingBytes = 0
        try? await store.discard(name, progress.file)
    }

    /// Writes what is pending, then runs `body`, on one of the store's threads.
    private func perform<Result: Sendable>(
        _ body: @escaping @Sendable (Progress, OpenFile) throws -> Result
    ) async throws -> Result {
        guard state == .ready else { throw MediaError(.inUse) }
        state = .working
        let (before, pending, count) = (progress, self.pending, pendingBytes)
        do {
            let (after, result) = try await store.blocking { [name, store, announced] in
                var progress = before
                if count > 0 { try store.checkRoom(for: progress.file == nil ? max(count, announced ?? 0) : count) }
                let file = try progress.file ?? store.makeTemporary(name)
                progress.file = file
                try progress.reserve(announced, for: count)
                for buffer in pending { buffer.withUnsafeReadableBytes { progress.hash?.update(bufferPointer: $0) } }
                try file.write(pending, at: progress.written)
                progress.written += count
                return (progress, try body(progress, file))
            }
            progress = after
            self.pending.removeAll(keepingCapacity: true)
            pendingBytes = 0
            if state == .working { state = .ready }
            return result
        } catch {
            state = .ended
            throw error
        }
    }

    private static func hash(_ file: OpenFile) throws -> SHA256.Digest {
        var hash = SHA256()
        var offset = 0
        while case let chunk = try file.read(count: 1 << 20, at: offset), !chunk.isEmpty {
            hash.update(data: chunk)
            offset += chunk.count
        }
        return hash.finalize()
    }
}

extension BlobStore {
    /// Begins an upload of at most `maxBytes`. Its file is made with the first bytes that go to the disk, which must have
    /// room for those that are `announced`.
    public func makeWriter(_ name: UUID, maxBytes: Int, announced: Int? = nil) -> BlobWriter {
        BlobWriter(store: self, file: nil, name: name, offset: 0, maxBytes: maxBytes, announced: announced)
    }

    /// A new file, readable by this user alone, of which the caller is the only writer.
    fileprivate func makeTemporary(_ name: UUID) throws -> OpenFile {
        let file = try openTemporary(name, O_RDWR | O_CREAT | O_EXCL)
        guard try file.lock() else { throw MediaError(.inUse, file.path) }
        return file
    }

    /// Continues an upload at `offset`; bytes beyond it are dropped. `inUse` while another writer holds the file,
    /// `offsetMismatch` when the file is shorter, `notFound` when it is gone.
    public func resumeWriter(_ name: UUID, at offset: Int, maxBytes: Int) async throws -> BlobWriter {
        let file = try await blocking { [self] in
            let file = try openTemporary(name, O_RDWR)
            guard try file.lock() else { throw MediaError(.inUse, file.path) }
            let size = try file.size()
            guard size >= offset else { throw MediaError(.offsetMismatch, file.path) }
            if size > offset { try file.truncate(to: offset) }
            return file
        }
        return BlobWriter(store: self, file: file, name: name, offset: offset, maxBytes: maxBytes)
    }
}
