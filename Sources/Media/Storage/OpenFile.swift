internal import CFiles
internal import Glibc
internal import NIOCore
internal import Synchronization

/// Owns one file descriptor. Every call may block.
final class OpenFile: Sendable {
    let descriptor: Int32
    let path: String
    private let isClosed = Atomic(false)

    init(_ path: String, _ flags: Int32, mode: mode_t = 0o600) throws {
        self.path = path
        descriptor = open(path, flags | O_CLOEXEC | O_NOFOLLOW, mode)
        if descriptor < 0 { throw MediaError(errno: errno, "open \(path)") }
    }

    /// Opens a file for reading without waiting for the disk, so it can be called anywhere. nil if that is impossible.
    /// Then use `init`.
    init?(cached path: String) {
        self.path = path
        descriptor = cfiles_open_cached(path)
        if descriptor < 0 { return nil }
    }

    deinit { close() }

    /// Closes the descriptor, after which nothing else may be called. `deinit` does it otherwise, on any thread.
    /// Closing the last descriptor of a removed file deletes its bytes, which takes 0.1 s for a gigabyte.
    func close() {
        if !isClosed.exchange(true, ordering: .relaxed) { Glibc.close(descriptor) }
    }

    /// Reserves space for the first `size` bytes. So a full disk is found at once, and each write costs less. Does
    /// nothing if the file system has no support. Writing will then fail.
    func reserve(_ size: Int) throws {
        guard cfiles_reserve(descriptor, off_t(size)) != 0, [ENOSPC, EDQUOT, EFBIG].contains(errno) else { return }
        throw MediaError(errno: errno, "reserve \(path)")
    }

    /// The buffers that one call may write: IOV_MAX of writev(2).
    private static let maxPieces = 1024

    func size() throws -> Int {
        var status = stat()
        try check(fstat(descriptor, &status), "fstat")
        guard status.st_mode & S_IFMT == S_IFREG else { throw MediaError(.io, "\(path) is not a file") }
        return Int(status.st_size)
    }

    /// Whether the file has been removed, so its bytes go with the last descriptor. Does not block.
    var isRemoved: Bool {
        var status = stat()
        return fstat(descriptor, &status) == 0 && status.st_nlink == 0
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws { try write([iovec(bytes)], at: offset) }

    /// Writes the buffers' contents in order, in as few calls as possible. The kernel then keeps the file in fewer,
    /// larger pieces.
    func write(_ buffers: [ByteBuffer], at offset: Int) throws {
        // Owns the memory until it is written.
        var owners: [Unmanaged<AnyObject>] = []
        defer { for owner in owners { owner.release() } }
        let pieces = buffers.map { buffer in
            buffer.withUnsafeReadableBytesWithStorageManagement { bytes, owner in
                owners.append(owner.retain())
                return iovec(bytes)
            }
        }
        try write(pieces, at: offset)
    }

    private func write(_ pieces: [iovec], at offset: Int) throws {
        var (rest, offset) = (pieces[...], offset)
        while true {
            rest = rest.drop { $0.iov_len == 0 }
            if rest.isEmpty { return }
            let most = Int32(min(rest.count, Self.maxPieces))
            var count = rest.withUnsafeBufferPointer { pwritev(descriptor, $0.baseAddress, most, off_t(offset)) }
            if count < 0 && errno == EINTR { continue }
            try check(Int32(clamping: count), "write")
            offset += count
            while let first = rest.indices.first, count > 0 {
                let part = min(count, rest[first].iov_len)
                rest[first].iov_base += part
                rest[first].iov_len -= part
                count -= part
                if rest[first].iov_len == 0 { rest.removeFirst() }
            }
        }
    }

    /// Reads up to the buffer's size.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
        var done = 0
        while done < buffer.count {
            let count = pread(
                descriptor, buffer.baseAddress.map { $0 + done }, buffer.count - done, off_t(offset + done))
            if count < 0 && errno == EINTR { continue }
            try check(Int32(clamping: count), "read")
            if count == 0 { break }
            done += count
        }
        return done
    }

    /// Reads bytes from `offset` that are in the kernel's memory, up to the buffer's size. It does not block, so it can
    /// be called anywhere. Returns zero if the bytes must come from the disk, at the end of the file, and if the kernel
    /// does not support this. Then use `read`.
    func readCached(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        max(0, cfiles_read_cached(descriptor, buffer.baseAddress, buffer.count, off_t(offset)))
    }

    func read(count: Int, at offset: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = try read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
        }
    }

    /// Copies up to `count` bytes from `source`. Fewer only at its end.
    /// - Returns: How many.
    func copy(from source: OpenFile, at start: Int, count: Int, to offset: Int) throws -> Int {
        var done = 0
        while done < count {
            let copied = cfiles_copy(
                source.descriptor, off_t(start + done), descriptor, off_t(offset + done), count - done)
            if copied < 0 && errno == EINTR { continue }
            if copied < 0 && [EXDEV, EINVAL, EOPNOTSUPP, ENOSYS].contains(errno) {
                return try done + copyByReading(source, at: start + done, count: count - done, to: offset + done)
            }
            try check(Int32(clamping: copied), "copy to")
            if copied == 0 { break }
            done += copied
        }
        return done
    }

    private func copyByReading(_ source: OpenFile, at start: Int, count: Int, to offset: Int) throws -> Int {
        var done = 0
        while done < count {
            let bytes = try source.read(count: min(1 << 20, count - done), at: start + done)
            if bytes.isEmpty { break }
            try bytes.withUnsafeBytes { try write($0, at: offset + done) }
            done += bytes.count
        }
        return done
    }

    func truncate(to size: Int) throws { try check(ftruncate(descriptor, off_t(size)), "truncate") }

    func sync() throws { try check(fsync(descriptor), "fsync") }

    /// Takes the lock, and tells whether it was free. The lock ends with the descriptor, so a dead process never keeps
    /// it.
    func lock() throws -> Bool {
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
        if errno == EWOULDBLOCK { return false }
        throw MediaError(errno: errno, "flock \(path)")
    }

    /// Releases the lock for the next writer before this descriptor is closed.
    func unlock() { flock(descriptor, LOCK_UN) }

    private func check(_ result: Int32, _ call: String) throws {
        if result < 0 { throw MediaError(errno: errno, "\(call) \(path)") }
    }
}

extension iovec {
    /// To be read from only.
    fileprivate init(_ bytes: UnsafeRawBufferPointer) {
        self.init(iov_base: UnsafeMutableRawPointer(mutating: bytes.baseAddress), iov_len: bytes.count)
    }
}
