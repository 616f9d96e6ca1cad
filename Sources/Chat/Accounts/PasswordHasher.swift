import Crypto
import CryptoExtras
import Foundation
import NIOPosix

/// Hashes passwords with scrypt (RFC 7914) on its own threads. A storm of log-ins blocks no event loop, and takes no more
/// than 32 MiB of memory for each thread. `PasswordTurns` decides who gets a thread.
public final class PasswordHasher: Sendable {
    /// OWASP Password Storage Cheat Sheet, scrypt: N = 2^15, r = 8, p = 3.
    static let current = Parameters(logN: 15, blockSize: 8, parallelism: 3)

    struct Parameters: Equatable {
        var logN: Int
        var blockSize: Int
        var parallelism: Int
    }

    private let pool: NIOThreadPool
    private let turns: PasswordTurns
    /// The hash with which the password of an unknown name is compared, so that the answer takes as long.
    private let decoy: String

    public init(threads: Int = 2) {
        pool = NIOThreadPool(numberOfThreads: threads)
        pool.start()
        turns = PasswordTurns(atOnce: threads)
        decoy = Self.encode(.init(repeating: 0, count: 32), salt: .init(repeating: 0, count: 16), Self.current)
    }

    /// Refuses passwords that wait and those that still come. Hashing that is under way is finished.
    public func stopWaiting() { turns.stop() }

    public func shutdown() async {
        stopWaiting()
        try? await pool.shutdownGracefully()
    }

    /// A hash in PHC string format: `$scrypt$ln=15,r=8,p=3$salt$hash`.
    func hash(_ password: String, for share: PasswordTurns.Share) async throws -> String {
        try await run(for: share) {
            let salt = (0..<16).map { _ in UInt8.random(in: .min ... .max) }
            return try Self.encode(Self.derive(password, salt: salt, Self.current), salt: salt, Self.current)
        }
    }

    /// Whether `password` matches the `stored` hash. Without a hash, false after the same time.
    func verify(_ password: String, against stored: String?, for share: PasswordTurns.Share) async throws -> Bool {
        let known = stored != nil
        let encoded = stored ?? decoy
        return try await run(for: share) {
            guard let (parameters, salt, expected) = Self.decode(encoded) else { return false }
            let derived = try Self.derive(password, salt: salt, parameters)
            // `SymmetricKey` compares in constant time.
            return SymmetricKey(data: derived) == SymmetricKey(data: expected) && known
        }
    }

    /// Whether a stored hash was made with weaker parameters than today's.
    func needsRehash(_ stored: String) -> Bool {
        Self.decode(stored)?.parameters != Self.current
    }

    private func run<Value: Sendable>(
        for share: PasswordTurns.Share, _ work: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await turns.begin(share)
        defer { turns.end() }
        return try await pool.runIfActive(work)
    }

    private static func derive(_ password: String, salt: [UInt8], _ parameters: Parameters) throws -> [UInt8] {
        // Normalized, so that the same password has the same bytes on every keyboard (RFC 8265, section 4.2). The time
        // grows with the square of the combining marks; `Rules` limit the length.
        let bytes = Array(password.precomposedStringWithCanonicalMapping.utf8)
        let key = try KDF.Scrypt.deriveKey(
            from: bytes.isEmpty ? [0] : bytes, salt: salt, outputByteCount: 32, rounds: 1 << parameters.logN,
            blockSize: parameters.blockSize, parallelism: parameters.parallelism)
        return key.withUnsafeBytes { Array($0) }
    }

    private static func encode(_ hash: [UInt8], salt: [UInt8], _ parameters: Parameters) -> String {
        let cost = "ln=\(parameters.logN),r=\(parameters.blockSize),p=\(parameters.parallelism)"
        return "$scrypt$\(cost)$\(Data(salt).base64EncodedString())$\(Data(hash).base64EncodedString())"
    }

    private static func decode(_ encoded: String) -> (parameters: Parameters, salt: [UInt8], hash: [UInt8])? {
        let parts = encoded.split(separator: "$")
        guard parts.count == 4, parts[0] == "scrypt", let salt = Data(base64Encoded: String(parts[2])),
            let hash = Data(base64Encoded: String(parts[3]))
        else { return nil }
        var cost: [Substring: Int] = [:]
        for pair in parts[1].split(separator: ",") {
            let sides = pair.split(separator: "=")
            guard sides.count == 2, let value = Int(sides[1]) else { return nil }
            cost[sides[0]] = value
        }
        guard let logN = cost["ln"], let blockSize = cost["r"], let parallelism = cost["p"],
            (1...20).contains(logN), (1...32).contains(blockSize), (1...16).contains(parallelism)
        else { return nil }
        return (Parameters(logN: logN, blockSize: blockSize, parallelism: parallelism), Array(salt), Array(hash))
    }
}
