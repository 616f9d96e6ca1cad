import Crypto
public import Foundation
import NIOCore

/// The checksum that the sender gives for one piece (tus 1.0, checksum extension).
public struct PieceChecksum: Sendable, Equatable {
    /// By their tus names. SHA-1 and MD5 are good enough to detect a bad network; no security depends on them.
    public enum Algorithm: String, Sendable, CaseIterable {
        case sha1, sha256, md5
    }

    let algorithm: Algorithm
    let digest: Data

    public init(_ algorithm: Algorithm, digest: Data) {
        self.algorithm = algorithm
        self.digest = digest
    }

    /// Computes the checksum as the bytes come.
    struct Check {
        private var hash: any HashFunction
        private let expected: Data

        init(_ checksum: PieceChecksum) {
            hash =
                switch checksum.algorithm {
                case .sha1: Insecure.SHA1()
                case .sha256: SHA256()
                case .md5: Insecure.MD5()
                }
            expected = checksum.digest
        }

        mutating func update(_ buffer: ByteBuffer) {
            buffer.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
        }

        var matches: Bool { Self.bytes(hash) == expected }

        private static func bytes(_ hash: some HashFunction) -> Data { Data(hash.finalize()) }
    }
}
