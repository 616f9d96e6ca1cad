internal import Crypto
public import Foundation
internal import Glibc
public import NIOCore

/// A completely received file in its temporary place, with its type.
public struct ReceivedFile: Sendable {
    public let name: UUID
    public let sha256: BlobID
    /// In bytes.
    public let size: Int
    /// The MIME type of the bytes, regardless of the client's name for them.
    public let type: String
    /// The encoding of a text; nil for other files.
    public let charset: String?
    public var path: String { file.path }
    /// Whether the content was already stored when the file was complete. This is a hint and can change at any time.
    public let isStored: Bool
    let file: OpenFile

    /// Whether a worker processes such a file.
    public var isForWorkers: Bool { MediaType(mime: type).isForWorkers }
}

/// Writes one upload to its temporary file and computes its SHA-256 on the way.
///
/// For one caller, who awaits each call before the next. That is also the backpressure to the sender. Without `finish`
/// or `suspend`, `abort` or the sweep of old temporary files removes the file.
public actor BlobWriter {
    private enum State { case ready, working, ended }

    /// The state that the threads work on. It is passed to them and back, never shared.
    private struct Progress: Sendable {
        /// nil until the first bytes or the end of a new upload.
        var file: OpenFile?
        var written: Int
        /// Bytes with reserved disk space.
        var reserved = 0
        /// nil if the writer did not begin at the start. The hash is then computed from the file at the end.
        var hash: SHA256?

        /// Reserves space for `count` more bytes, and for as many announced bytes as have already come. So there are
        /// few steps, and never much more is reserved than was received.
        mutating func reserve(_ announced: Int?, for count: Int) throws {
            guard let announced, let file, written + count > reserved, written + count < announced else { return }
            reserved = min(announced, 2 * (written + count))
            try file.reserve(reserved)
        }
    }

    public nonisolated let name: UUID
    private let maxBytes: Int
    /// The announced size in bytes, if the sender gave one. The disk must have that much space when the first bytes
    /// come. It is reserved only as bytes come, so an announcement takes nothing from others.
    private let announced: Int?
    private let store: BlobStore
    private var progress: Progress
    private var pending: [ByteBuffer] = []
    private var pendingBytes = 0
    private var state = State.ready

    /// Bytes are collected up to this size before they go to a thread, because a thread switch costs more than a small
    /// write.
    private static let chunkSize = 512 * 1024
    /// A smaller buffer is appended to a small one before it. A larger one is kept as the socket delivered it.
    private static let smallBuffer = 16 * 1024

    /// - Parameter file: A file with `offset` bytes, or nil if it must still be made.
    init(store: BlobStore, file: OpenFile?, name: UUID, offset: Int, maxBytes: Int, announced: Int? = nil) {
        self.store = store
        self.name = name
        self.maxBytes = maxBytes
        self.announced = announced
        progress = Progress(file: file, written: offset, hash: offset == 0 ? SHA256() : nil)
    }

    /// Bytes received so far, including those before a continuation.
    public var count: Int { progress.written + pendingBytes }

    /// Receives more bytes. Throws `tooLarge` as soon as they exceed the limit, and `storageFull` if there is no space.
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

    /// Returns the received file and ends this writer. The file stays in its temporary place and is not yet durable:
    /// `commit` or `discard` it.
    public func finish() async throws -> ReceivedFile {
        let received = try await perform { [name, store] progress, file in
            let sha256 = BlobID(try progress.hash?.finalize() ?? Self.hash(file))
            let head = try file.read(count: min(progress.written, Sniffer.headSize), at: 0)
            file.unlock()
            let type = try Sniffer.type(of: head) { try file.read(count: $1, at: $0) }
            let received = ReceivedFile(
                name: name, sha256: sha256, size: progress.written, type: type,
                charset: try Sniffer.charset(of: head, type: type), isStored: store.holds(sha256), file: file)
            // A worker's output is about as large.
            if received.isForWorkers { try store.checkRoom(for: received.size) }
            return received
        }
        state = .ended
        return received
    }

    /// The bytes so far. More of them can be read as they come.
    public func reader() async throws -> BlobReader {
        let path = store.temporaryPath(name)
        let threads = store.threads
        return try await perform { _, _ in try BlobReader(file: OpenFile(path, O_RDONLY), threads: threads) }
    }

    /// Returns the file, whose content has that address, for workers, and ends this writer.
    public func finishBorrowed(_ id: BlobID, type: String) async throws -> ReceivedFile {
        let file = try await perform { [name] progress, file in
            file.unlock()
            return ReceivedFile(
                name: name, sha256: id, size: progress.written, type: type, charset: nil, isStored: true, file: file)
        }
        state = .ended
        return file
    }

    /// Makes the bytes durable and ends this writer. Another one can continue at the returned offset.
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
    /// Begins an upload of at most `maxBytes`. The file is made with the first write, and the disk must then have space
    /// for the `announced` bytes.
    public func makeWriter(_ name: UUID, maxBytes: Int, announced: Int? = nil) -> BlobWriter {
        BlobWriter(store: self, file: nil, name: name, offset: 0, maxBytes: maxBytes, announced: announced)
    }

    /// Makes a file that only this user can read. The caller is its only writer.
    fileprivate func makeTemporary(_ name: UUID) throws -> OpenFile {
        let file = try openTemporary(name, O_RDWR | O_CREAT | O_EXCL)
        guard try file.lock() else { throw MediaError(.inUse, file.path) }
        return file
    }

    /// Continues an upload at `offset` and drops bytes beyond it. Throws `inUse` while another writer holds the file,
    /// `offsetMismatch` if the file is shorter, `notFound` if it is gone.
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
