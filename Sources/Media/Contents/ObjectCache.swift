public import Foundation
internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Small objects on the local disk, so that what many look at is not asked for again and again. An object never changes, so
/// nothing here is ever out of date; it may vanish at any time.
public final class ObjectCache: Sendable {
    private struct State {
        var index: CacheIndex
        var fetching: [String: Task<ByteBuffer, any Error>] = [:]
        /// Files that are being written.
        var writing = 0
    }

    private let directory: String
    private let staging: BlobStore
    private let state: Mutex<State>

    /// How long a file stays. Another server may have deleted its object, and nobody tells this one: no download asks for it any
    /// more, as the database is asked first, but its bytes are to go, too.
    static let maxAge: TimeInterval = 23 * 3600
    /// How many files may wait to be written. One more is not cached.
    private static let maxWriting = 64

    /// - Parameters:
    ///   - staging: Whose threads and disk are used.
    public init(directory: String, maxBytes: Int, staging: BlobStore) {
        self.directory = directory
        self.staging = staging
        state = Mutex(State(index: CacheIndex(maxBytes: maxBytes)))
    }

    /// Finds what an earlier process left. Files that were not written whole go.
    public func prepare() async throws {
        try await staging.blocking { [self] in
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            for shard in try staging.names(in: directory) {
                for file in try staging.names(in: "\(directory)/\(shard)") {
                    let path = "\(directory)/\(shard)/\(file)"
                    let parts = file.split(separator: ",")
                    guard parts.count == 2, let size = Int(parts[1]), let status = staging.status(of: path),
                        status.size == size
                    else {
                        unlink(path)
                        continue
                    }
                    let name = String(parts[0])
                    drop(state.withLock { $0.index.insert(name, size: size, written: status.modified) })
                }
            }
        }
    }

    /// The cached object, or what `fetch` returns. All who ask meanwhile wait for the same answer.
    func reader(of key: String, _ fetch: @escaping @Sendable () async throws -> ByteBuffer) async throws
        -> ContentReader
    {
        let name = Self.name(of: key)
        if let size = state.withLock({ $0.index.find(name) }) {
            if let reader = try? await open(name, size) { return .file(reader) }
            state.withLock { $0.index.remove(name) }
        }
        let (task, isMine) = state.withLock { state in
            if let task = state.fetching[name] { return (task, false) }
            // In a task of its own: whoever asked first may go away.
            let task = Task { try await fetch() }
            state.fetching[name] = task
            return (task, true)
        }
        let result = await task.result
        if isMine { state.withLock { _ = $0.fetching.removeValue(forKey: name) } }
        let bytes = try result.get()
        if isMine { write(bytes, name) }
        return .bytes(bytes)
    }

    /// Removes the files that have been here for too long.
    public func forgetOld(now: Date = Date()) async throws {
        let oldest = now - Self.maxAge
        let old = state.withLock { $0.index.removeOld(oldest, now: now) }
        guard !old.isEmpty else { return }
        try await staging.blocking { [self] in drop(old) }
    }

    func forget(_ key: String) {
        let name = Self.name(of: key)
        guard let size = state.withLock({ $0.index.find(name) }) else { return }
        state.withLock { $0.index.remove(name) }
        let path = path(name, size)
        staging.threads.submit { _ in unlink(path) }
    }

    /// The objects' own names are unique.
    private static func name(of key: String) -> String { String(key.split(separator: "/").last ?? "") }

    private func path(_ name: String, _ size: Int) -> String { "\(directory)/\(name.prefix(2))/\(name),\(size)" }

    private func open(_ name: String, _ size: Int) async throws -> BlobReader {
        let path = path(name, size)
        let threads = staging.threads
        let reader: BlobReader
        if let file = OpenFile(cached: path) {
            reader = try BlobReader(file: file, threads: threads)
        } else {
            reader = try await staging.blocking { try BlobReader(file: OpenFile(path, O_RDONLY), threads: threads) }
        }
        guard reader.size == size else { throw MediaError(.notFound, path) }
        return reader
    }

    /// Nobody waits for it. A disk without room, or one that is too slow, has no cache.
    private func write(_ bytes: ByteBuffer, _ name: String) {
        let size = bytes.readableBytes
        let mayWrite = state.withLock { state in
            guard state.writing < Self.maxWriting, size > 0 else { return false }
            state.writing += 1
            return true
        }
        guard mayWrite else { return }
        staging.threads.submit { [self] _ in
            defer { state.withLock { $0.writing -= 1 } }
            let path = path(name, size)
            let partial = "\(path).partial"
            do {
                try staging.checkRoom(for: size)
                mkdir("\(directory)/\(name.prefix(2))", 0o700)
                unlink(partial)
                let file = try OpenFile(partial, O_WRONLY | O_CREAT | O_EXCL)
                try file.write([bytes], at: 0)
                guard rename(partial, path) == 0 else { throw MediaError(errno: errno, "rename \(partial)") }
            } catch {
                unlink(partial)
                return
            }
            drop(state.withLock { $0.index.insert(name, size: size, written: Date()) })
        }
    }

    private func drop(_ files: [(name: String, size: Int)]) {
        for file in files { unlink(path(file.name, file.size)) }
    }
}
