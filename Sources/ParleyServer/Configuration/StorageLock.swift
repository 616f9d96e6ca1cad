import Foundation
import Glibc

/// Keeps a second server off the same storage, where it would share the private PostgreSQL and stop it under the first.
/// The kernel releases the lock when the process ends, however that happens.
final class StorageLock: Sendable {
    private let descriptor: Int32

    /// Makes the directory if it does not exist.
    init(_ directory: URL) throws {
        do {
            try FileManager.default.createDirectory(
                at: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw OperatorError("STORAGE_DIR: \(directory.path) cannot be made: \(error.localizedDescription)")
        }
        let path = directory.appending(path: "parley.lock").path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw OperatorError(
                "STORAGE_DIR: \(directory.path) cannot be written: \(String(cString: strerror(errno)))")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            throw OperatorError("STORAGE_DIR: another Parley is running on \(directory.path)")
        }
    }

    deinit { close(descriptor) }
}
