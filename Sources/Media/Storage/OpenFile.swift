internal import CFiles
internal import Foundation
internal import Glibc

/// Owns one file descriptor. Every call blocks: only for threads that may.
final class OpenFile: Sendable {
    let descriptor: Int32
    let path: String

    init(_ path: String, _ flags: Int32, mode: mode_t = 0o600) throws {
        self.path = path
        descriptor = open(path, flags | O_CLOEXEC | O_NOFOLLOW, mode)
        if descriptor < 0 { throw MediaError(errno: errno, "open \(path)") }
    }

    /// Opens a file for reading without waiting for the disk, which may be done anywhere. Nil where that cannot be done:
    /// `init` tells.
    init?(cached path: String) {
        self.path = path
        descriptor = cfiles_open_cached(path)
        if descriptor < 0 { return nil }
    }

    deinit { close(descriptor) }

    func size() throws -> Int {
        var status = stat()
        try check(fstat(descriptor, &status), "fstat")
        guard status.st_mode & S_IFMT == S_IFREG else { throw MediaError(.io, "\(path) is not a file") }
        return Int(status.st_size)
    }

    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws {
        var done = 0
        while done < bytes.count {
            let count = pwrite(
                descriptor, bytes.baseAddress.map { $0 + done }, bytes.count - done, off_t(offset + done))
            if count < 0 && errno == EINTR { continue }
            try check(Int32(clamping: count), "write")
            done += count
        }
    }

    /// As many bytes as there are, up to the buffer's size.
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

    /// As many bytes as are in memory from `offset` on, up to the buffer's size: the one read that does not block, so it
    /// may be done anywhere. Zero where they have to come from the disk, at the end of the file, and where the kernel
    /// cannot do this: `read` tells.
    func readCached(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        max(0, cfiles_read_cached(descriptor, buffer.baseAddress, buffer.count, off_t(offset)))
    }

    func read(count: Int, at offset: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = try read(into: UnsafeMutableRawBufferPointer(buffer), at: offset)
        }
    }

    func truncate(to size: Int) throws { try check(ftruncate(descriptor, off_t(size)), "truncate") }

    func sync() throws { try check(fsync(descriptor), "fsync") }

    /// Whether this is now the only holder. The lock ends with the descriptor, so a dead process never keeps it.
    func lock() throws -> Bool {
        if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
        if errno == EWOULDBLOCK { return false }
        throw MediaError(errno: errno, "flock \(path)")
    }

    /// For the next writer, who need not wait until this descriptor is closed.
    func unlock() { flock(descriptor, LOCK_UN) }

    private func check(_ result: Int32, _ call: String) throws {
        if result < 0 { throw MediaError(errno: errno, "\(call) \(path)") }
    }
}

extension MediaError {
    init(errno code: Int32, _ detail: String) {
        let reason = "\(detail): \(String(cString: strerror(code)))"
        switch code {
        case ENOSPC, EDQUOT, EFBIG: self.init(.storageFull, reason)
        case ENOENT: self.init(.notFound, reason)
        default: self.init(.io, reason)
        }
    }
}
