internal import Foundation
internal import Glibc

/// Copies of stored files in other formats.
extension BlobStore {
    /// Gives a stored file a temporary name, so that workers can process it like a received one. `discard` removes the name
    /// and what was made.
    public func borrow(_ id: BlobID, type: String) async throws -> ReceivedFile {
        let name = UUID()
        let temporary = temporaryPath(name)
        return try await blocking { [self] in
            let stored = try OpenFile(path(of: id), O_RDONLY)
            let size = try stored.size()
            try checkRoom(for: size)
            if link(stored.path, temporary) != 0 {
                guard [EPERM, EOPNOTSUPP, ENOSYS, EMLINK].contains(errno) else {
                    throw MediaError(errno: errno, "link \(temporary)")
                }
                let copy = try OpenFile(temporary, O_RDWR | O_CREAT | O_EXCL)
                guard try copy.copy(from: stored, at: 0, count: size, to: 0) == size else {
                    throw MediaError(.io, "\(id): a stored file became shorter while it was copied")
                }
            }
            return ReceivedFile(
                name: name, sha256: id, size: size, type: type, charset: nil, isStored: true,
                file: try OpenFile(temporary, O_RDONLY))
        }
    }

    /// Moves what a worker made of a borrowed file to its address. Its bytes are durable before its name is, so whatever
    /// stands there is whole.
    public func keepCopy(of file: ReceivedFile, as variant: BlobVariant) async throws {
        try await blocking { [self] in
            let path = temporaryPath(file.name, Self.cleanedSuffix)
            // The sweep takes a borrowed file for an old one.
            guard access(path, F_OK) == 0 else { throw MediaError(.busy, "\(path) was swept up") }
            let made = try OpenFile(path, O_RDONLY)
            try made.sync()
            let address = self.path(of: file.sha256, variant)
            if rename(made.path, address) != 0 { throw MediaError(errno: errno, "rename \(made.path)") }
        }
    }
}
