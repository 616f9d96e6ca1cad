import Foundation
import NIOCore
import Testing

@testable import Chat

@Suite struct PieceChecksumTests {
    /// Digests of "abc": FIPS 180-4 and RFC 1321.
    @Test(
        arguments: [
            (.sha1, "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="), (.sha256, "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0="),
            (.md5, "kAFQmDzST7DWlj99KOF/cg=="),
        ] as [(PieceChecksum.Algorithm, String)])
    func bytesAreHashedAsTheyCome(algorithm: PieceChecksum.Algorithm, digest: String) throws {
        let checksum = PieceChecksum(algorithm, digest: try #require(Data(base64Encoded: digest)))
        var check = PieceChecksum.Check(checksum)
        for piece in ["a", "", "bc"] { check.update(ByteBuffer(string: piece)) }
        #expect(check.matches)
        check.update(ByteBuffer(string: "d"))
        #expect(!check.matches)
    }

    @Test func anotherDigestDoesNotMatch() {
        for digest in [Data(), Data(count: 20), Data(count: 21)] {
            #expect(!PieceChecksum.Check(PieceChecksum(.sha1, digest: digest)).matches)
        }
    }
}
