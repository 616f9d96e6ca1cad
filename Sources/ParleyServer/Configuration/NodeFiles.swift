import Foundation
import Glibc
import SystemPackage

/// The files by which a server knows its storage again, and by which servers find out whether they see the same uploads.
struct NodeFiles {
    /// Of `STORAGE_DIR`, which one server at a time has. A copy of the directory has another.
    let storage: UUID
    /// The number that the server had the last time.
    let formerNumber: UInt16?
    /// Of `STORAGE_DIR/uploads`.
    let files: UUID

    private let path: String
    private let machine: String

    /// Makes what is missing. The caller holds the storage's lock.
    /// - Parameter machine: What tells this machine from one that was cloned from it.
    init(storage directory: URL, uploads: URL, machine: String = Self.machine) throws {
        path = directory.appending(path: "node").path
        self.machine = machine
        let kept = Self.read(path, on: machine)
        storage = kept?.storage ?? UUID()
        formerNumber = kept?.number
        files = try Self.files(uploads)
    }

    /// The id of a storage that a server has used; nil for another one.
    static func storage(_ directory: URL) -> UUID? {
        read(directory.appending(path: "node").path, on: machine)?.storage
    }

    /// Keeps the number for the next start.
    func remember(number: UInt16) throws {
        guard number != formerNumber || Self.read(path, on: machine) == nil else { return }
        // Moved into place when it is complete, with the inode that it keeps.
        let partial = path + ".partial"
        unlink(partial)
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.failure(partial) }
        defer { close(descriptor) }
        guard let status = try? Stat(FileDescriptor(rawValue: descriptor)) else { throw Self.failure(partial) }
        let text = "\(storage.uuidString) \(number) \(status.inode.rawValue) \(machine)\n"
        guard write(descriptor, text, text.utf8.count) == text.utf8.count, fsync(descriptor) == 0,
            rename(partial, path) == 0
        else {
            throw Self.failure(path)
        }
    }

    /// The system's id, made at its installation, and its name. Who clones a disk changes one of them.
    static var machine: String {
        let id = (try? String(contentsOfFile: "/etc/machine-id", encoding: .utf8)) ?? ""
        let parts = [id.trimmingCharacters(in: .whitespacesAndNewlines), hostName].filter { !$0.isEmpty }
        return parts.joined(separator: "@").split(whereSeparator: \.isWhitespace).joined(separator: "_")
    }

    /// `ProcessInfo` would ask a name server.
    static var hostName: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// nil for a file of another directory: a copy has another inode, and a cloned disk another machine.
    private static func read(_ path: String, on machine: String) -> (storage: UUID, number: UInt16)? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8), let status = try? Stat(FilePath(path))
        else {
            return nil
        }
        let fields = text.split(whereSeparator: \.isWhitespace)
        // The release before knew no machines.
        guard fields.count == 3 || fields.count == 4 && fields[3] == machine,
            let storage = UUID(uuidString: String(fields[0])), let number = UInt16(fields[1]),
            UInt64(fields[2]) == UInt64(status.inode.rawValue)
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
