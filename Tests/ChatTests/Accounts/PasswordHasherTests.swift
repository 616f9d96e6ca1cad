import ChatModel
import ChatTesting
import Testing

@testable import Chat

@Suite struct PasswordHasherTests {
    private let share = PasswordTurns.Share(isKnown: true, source: [1], name: "ana")

    @Test func aPasswordIsKnownByItsHash() async throws {
        let hasher = PasswordHasher(threads: 1)
        let stored = try await hasher.hash("caf\u{E9} passphrase", for: share)
        #expect(stored.hasPrefix("$scrypt$ln=15,r=8,p=3$") && !stored.contains("passphrase"))
        #expect(!hasher.needsRehash(stored))
        #expect(try await hasher.verify("caf\u{E9} passphrase", against: stored, for: share))
        #expect(try await hasher.verify("cafe\u{301} passphrase", against: stored, for: share), "on every keyboard")
        #expect(try await !hasher.verify("cafe passphrase", against: stored, for: share))
        #expect(try await !hasher.verify("caf\u{E9} passphrase", against: nil, for: share), "of an unknown name")
        await hasher.shutdown()
    }

    /// As versions with other parameters wrote them, and as no version did.
    @Test func aStoredHashSaysHowItWasMade() async throws {
        let hasher = PasswordHasher(threads: 1)
        // RFC 7914, section 12: "pleaseletmein", "SodiumChloride", N = 16384, r = 8, p = 1, its first 32 bytes.
        let salt = "U29kaXVtQ2hsb3JpZGU="
        let weak = "$scrypt$ln=14,r=8,p=1$\(salt)$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofI="
        #expect(hasher.needsRehash(weak))
        #expect(try await hasher.verify("pleaseletmein", against: weak, for: share))
        for broken in [
            "", "nonsense", "$scrypt$ln=14,r=8$\(salt)$AAAA", "$scrypt$ln=99,r=8,p=1$\(salt)$AAAA",
            "$argon2id$ln=14,r=8,p=1$\(salt)$AAAA", "$scrypt$ln=14,r=8,p=1$%$AAAA", "$scrypt$ln=14,r=8,p=1$\(salt)",
        ] {
            #expect(hasher.needsRehash(broken))
            #expect(try await !hasher.verify("pleaseletmein", against: broken, for: share), "\(broken)")
        }
        await hasher.shutdown()
    }

    @Test func aStopRefusesWhoComesLater() async throws {
        let hasher = PasswordHasher(threads: 1)
        hasher.stopWaiting()
        #expect(try await refusal { _ = try await hasher.hash("passphrase", for: share) } == .unavailable)
        await hasher.shutdown()
    }
}
