import Foundation
import Glibc

/// The directory of the storage: who can read it, how much room it has, and how fast its disk is.
enum StorageCheck {
    static func findings(_ configuration: ServerConfiguration) -> [Finding] {
        let storage = configuration.storageDirectory
        guard access(storage.path, F_OK) == 0 else {
            return [
                .warning(
                    "storage", "\(storage.path) does not exist yet", do: "start the server once, or set STORAGE_DIR")
            ]
        }
        guard access(storage.path, R_OK | W_OK | X_OK) == 0 else {
            return [
                .error(
                    "storage", "\(storage.path) cannot be read and written by this account",
                    do: "run this as root, or as the account that runs the server")
            ]
        }
        return [
            permissions(of: configuration.uploadsDirectory, topic: "storage"),
            configuration.jwtSecret == nil
                ? permissions(of: storage.appending(path: "jwt-secret"), topic: "secret")
                : .fine("secret", "JWT_SECRET is set"),
            // It may hold a database's password. A package's service reads it by its group.
            permissions(
                of: URL(filePath: Installation.current.settingsFile), topic: "settings file", mayBeReadBy: 0o040),
            room(in: storage), flushing(in: storage),
        ].compactMap { $0 }
    }

    /// - Parameter bits: those of mode bits for others that are no fault.
    static func permissions(of file: URL, topic: String, mayBeReadBy bits: mode_t = 0) -> Finding? {
        // Not stat(2): which module declares it depends on the other files that are compiled with this one.
        let attributes = try? FileManager.default.attributesOfItem(atPath: file.resolvingSymlinksInPath().path)
        guard let permissions = attributes?[.posixPermissions] as? NSNumber else { return nil }
        let mode = mode_t(permissions.uint32Value) & 0o777
        guard mode & 0o077 & ~bits == 0 else {
            return .error(
                topic, "\(file.path) can be read by other accounts (mode \(String(mode, radix: 8)))",
                do: "chmod \(String(mode & 0o700 | bits, radix: 8)) \(file.path)")
        }
        return .fine(topic, "\(file.path) is private")
    }

    private static func room(in storage: URL) -> Finding {
        var status = statvfs()
        guard statvfs(storage.path, &status) == 0, status.f_blocks > 0 else {
            return .error("disk", "\(storage.path) has no file system", do: "mount the disk")
        }
        let unit = Int(status.f_frsize)
        return room(free: Int(status.f_bavail) * unit, of: Int(status.f_blocks) * unit, inodes: Int(status.f_favail))
    }

    static func room(free: Int, of size: Int, inodes: Int) -> Finding {
        let text = "\(free >> 20) of \(size >> 20) MiB are free"
        let advice = "make room, or lower USER_QUOTA_BYTES"
        // Uploads are refused below 256 MiB, or a twentieth of a small disk.
        if free < min(512 << 20, size / 10) { return .error("disk", text, do: advice) }
        if free < size / 10 { return .warning("disk", text, do: advice) }
        // Some file systems have no fixed number of inodes and say 0.
        if (1..<10_000).contains(inodes) { return .warning("disk", "\(inodes) files can be made", do: advice) }
        return .fine("disk", text)
    }

    /// Writes a block and flushes it, ten times.
    private static func flushing(in storage: URL) -> Finding? {
        let path = storage.appending(path: ".doctor-\(getpid())").path
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return nil }
        defer {
            close(descriptor)
            unlink(path)
        }
        let block = [UInt8](repeating: 1, count: 4096)
        let clock = ContinuousClock()
        var durations: [Duration] = []
        for _ in 0..<10 {
            durations.append(
                clock.measure {
                    pwrite(descriptor, block, block.count, 0)
                    fsync(descriptor)
                })
        }
        return flushing(durations.sorted()[5], topic: "fsync", what: "flushing a file")
    }

    /// A disk that flushes takes longer than a system call; one whose flushes are slow delays each message.
    static func flushing(_ median: Duration, topic: String, what: String) -> Finding {
        let microseconds = Int(median / .microseconds(1))
        let text = "\(what) takes \(microseconds) µs"
        if microseconds < 20 {
            return .warning(
                topic, "\(text): faster than a disk can be",
                do: "make sure that this disk keeps what it says it has written when power fails (write cache, tmpfs)")
        }
        if microseconds > 20_000 {
            return .warning(topic, text, do: "use a disk with a power-safe cache: a message waits for one commit")
        }
        return .fine(topic, text)
    }
}
