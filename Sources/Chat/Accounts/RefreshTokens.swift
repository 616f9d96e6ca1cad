import Crypto
import Foundation

/// Refresh tokens: 256 bits that only their client keeps. The first of a session is random. Each other is made of the one
/// that it succeeds: so whoever presents a token again, because the answer was lost or two tabs asked at once, gets the
/// same successor, of which the server keeps the hash alone.
struct RefreshTokens: Sendable {
    /// Longer than any token: what is longer is not looked for.
    static let maximumBytes = 128

    /// The present secret's first.
    private let keys: [SymmetricKey]

    init(secret: SymmetricKey, previous: SymmetricKey?) {
        keys = [secret, previous].compactMap { $0 }.map { secret in
            HKDF<SHA256>.deriveKey(inputKeyMaterial: secret, info: Data("parley refresh".utf8), outputByteCount: 32)
        }
    }

    static func make() -> String { text((0..<32).map { _ in UInt8.random(in: .min ... .max) }) }

    /// The token that succeeds `token`; behind it, the one that did so under the previous secret.
    func successors(of token: String) -> [String] {
        keys.map { Self.text(HMAC<SHA256>.authenticationCode(for: Data(token.utf8), using: $0)) }
    }

    /// base64url (RFC 4648 § 5).
    private static func text(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
