import Foundation
import Glibc

/// The files by which a server knows its storage again, and by which servers find out whether they see the same uploads.
struct NodeFiles {
    /// Of `STORAGE_DIR`, which one server at a time has. A copy of the directory has another.
    let storage: UUID
    /// The number that the server had the last time.
    let formerNumber: UInt16?
    /// Of `STORAGE_DIR/uploads`.
    let files: UUID

    private let path: String

    /// Makes what is missing. The caller holds the storage's lock.
    init(storage directory: URL, uploads: URL) throws {
        path = directory.appending(path: "node").path
        let kept = Self.read(path)
        storage = kept?.storage ?? UUID()
        formerNumber = kept?.number
        files = try Self.files(uploads)
    }

    /// Keeps the number for the next start.
    func remember(number: UInt16) throws {
        guard number != formerNumber || Self.read(path) == nil else { return }
        // Moved into place when it is complete, with the inode that it keeps.
        let partial = path + ".partial"
        unlink(partial)
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        var status = stat()
        guard descriptor >= 0, fstat(descriptor, &status) == 0 else { throw Self.failure(partial) }
        defer { close(descriptor) }
        let text = "\(storage.uuidString) \(number) \(status.st_ino)\n"
        guard write(descriptor, text, text.utf8.count) == text.utf8.count, fsync(descriptor) == 0,
            rename(partial, path) == 0
        else {
            throw Self.failure(path)
        }
    }

    /// nil for a file of another directory: a copy has another inode.
    private static func read(_ path: String) -> (storage: UUID, number: UInt16)? {
        var status = stat()
        guard let text = try? String(contentsOfFile: path, encoding: .utf8), stat(path, &status) == 0 else {
            return nil
        }
        let fields = text.split(whereSeparator: \.isWhitespace)
        guard fields.count == 3, let storage = UUID(uuidString: String(fields[0])), let number = UInt16(fields[1]),
            UInt64(fields[2]) == UInt64(status.st_ino)
        else { return nil }
        return (storage, number)
    }

    /// Several servers may come here at once. The first to make the file decides.
    private static func files(_ uploads: URL) throws -> UUID {
        do {
            try FileManager.default.createDirectory(
                at: uploads, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw OperatorError("STORAGE_DIR: \(uploads.path) cannot be made: \(error.localizedDescription)")
        }
        let path = uploads.appending(path: ".id").path
        func read() -> UUID? {
            (try? String(contentsOfFile: path, encoding: .utf8)).flatMap {
                UUID(uuidString: $0.trimmingCharacters(in: .whitespacesAndNewlines))
            }
        }
        if let id = read() { return id }
        let id = UUID()
        let partial = uploads.appending(path: ".id-\(id)").path
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure(partial) }
        defer {
            close(descriptor)
            unlink(partial)
        }
        let text = id.uuidString + "\n"
        // After a power cut, the name leads to the whole content or to nothing.
        guard Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count, fsync(descriptor) == 0 else {
            throw failure(partial)
        }
        // Unlike a rename, a link fails where there is a file.
        _ = link(partial, path)
        guard let made = read() else { throw failure(path) }
        return made
    }

    private static func failure(_ path: String) -> OperatorError {
        OperatorError("STORAGE_DIR: \(path) cannot be written: \(String(cString: strerror(errno)))")
    }
}
