import Crypto
import Foundation

/// Refresh tokens: 256 bits that only the client keeps. The first token of a session is random. Each other token is derived
/// from the one before it, so a client that presents a token again gets the same successor, although the server stores
/// only hashes. Clients do so when an answer was lost, or when two tabs refresh at once.
struct RefreshTokens: Sendable {
    /// No token is longer; a longer text is not looked up.
    static let maxBytes = 128

    /// The key of the present secret comes first.
    private let keys: [SymmetricKey]

    init(secret: SymmetricKey, previous: SymmetricKey?) {
        keys = [secret, previous].compactMap { $0 }.map { secret in
            HKDF<SHA256>.deriveKey(inputKeyMaterial: secret, info: Data("parley refresh".utf8), outputByteCount: 32)
        }
    }

    static func make() -> String { text((0..<32).map { _ in UInt8.random(in: .min ... .max) }) }

    /// The successor of `token`, and behind it the one under the previous secret.
    func successors(of token: String) -> [String] {
        keys.map { Self.text(HMAC<SHA256>.authenticationCode(for: Data(token.utf8), using: $0)) }
    }

    /// base64url (RFC 4648, section 5).
    private static func text(_ bytes: some Sequence<UInt8>) -> String {
        Data(bytes).base64EncodedString()
            .replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }
}
