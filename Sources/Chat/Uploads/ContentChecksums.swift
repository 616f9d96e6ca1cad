import ChatModel
import Synchronization

/// Remembers the CRC-32 of files that were put into archives. Computing it reads the whole file, so asking for archives
/// again and again would cost far more than the bytes that are sent.
final class ContentChecksums: Sendable {
    /// With one more, all are forgotten and computed again when they are needed.
    private static let capacity = 10_000

    /// By the SHA-256 of the served bytes.
    private let known = Mutex<[String: UInt32]>([:])
    private let computing = KeyedLock<String>()

    /// The checksum of the bytes with that hash. Requests that arrive together compute it once.
    func callAsFunction(_ sha256: String, compute: @Sendable () async throws -> UInt32) async throws -> UInt32 {
        if let known = find(sha256) { return known }
        return try await computing.withLock(sha256) {
            if let known = find(sha256) { return known }
            let checksum = try await compute()
            known.withLock { known in
                if known.count >= Self.capacity { known = [:] }
                known[sha256] = checksum
            }
            return checksum
        }
    }

    private func find(_ sha256: String) -> UInt32? { known.withLock { $0[sha256] } }
}
