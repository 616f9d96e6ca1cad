public import Foundation
internal import Glibc

extension BlobStore {
    /// How much is copied at a time. In between, other work has its turn on the threads.
    private static let copiedPiece = 16 << 20

    /// Writes the bytes of unfinished uploads, one after the other, into the file of another one, and makes it durable. May
    /// be repeated: it begins anew. The parts stay.
    ///
    /// - Throws: `notFound` if a part is gone, `storageFull`, `inUse` while somebody writes to the file.
    public func assemble(_ name: UUID, from parts: [UUID]) async throws {
        let target = try await blocking { [self] in
            let target = try openTemporary(name, O_RDWR | O_CREAT)
            guard try target.lock() else { throw MediaError(.inUse, target.path) }
            try target.truncate(to: 0)
            return target
        }
        var size = 0
        for part in parts {
            let source = try await blocking { [self] in try openTemporary(part, O_RDONLY) }
            size = try await append(source, to: target, at: size)
        }
        try await blocking {
            try target.sync()
            target.unlock()
        }
    }

    private func append(_ source: OpenFile, to target: OpenFile, at start: Int) async throws -> Int {
        var done = 0
        while true {
            let offset = done
            let copied = try await blocking { [self] in
                let piece = min(Self.copiedPiece, try source.size() - offset)
                guard piece > 0 else { return 0 }
                try checkRoom(for: piece)
                return try target.copy(from: source, at: offset, count: piece, to: start + offset)
            }
            guard copied > 0 else { return start + done }
            done += copied
        }
    }
}
