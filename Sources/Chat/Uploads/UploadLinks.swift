public import Crypto
public import Foundation

/// Signs and checks the tokens in upload URLs. A token is a capability: it names the upload and an expiry, and no user,
/// so that one encoding of a message serves every member.
public struct UploadLinks: Sendable {
    /// A URL works at least this long, in seconds.
    static let lifetime: Double = 3600
    /// Expiries are rounded up to a multiple of this many seconds of Unix time: within such a window a URL stays the
    /// same, so that browsers find the file in their cache.
    static let window: Double = 6 * 3600

    /// Signs.
    private let key: SymmetricKey
    /// What they signed is accepted.
    private let keys: [SymmetricKey]

    /// - Parameters:
    ///   - secret: the server's secret; a key of its own is derived from it (HKDF, RFC 5869).
    ///   - previous: the one before it.
    public init(secret: SymmetricKey, previous: SymmetricKey? = nil) {
        key = Self.key(of: secret)
        keys = [key] + (previous.map { [Self.key(of: $0)] } ?? [])
    }

    private static func key(of secret: SymmetricKey) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: secret, info: Data("parley upload links".utf8), outputByteCount: 32)
    }

    public enum Verdict: Sendable, Equatable {
        /// Good for this many more seconds.
        case valid(for: Int)
        case expired
        case forged
    }

    /// The URLs of an upload's files, signed once for all of them.
    struct URLs {
        fileprivate let id: UploadID
        fileprivate let token: String

        var file: String { "/upload/\(id)/file?token=\(token)" }

        func thumbnail(_ size: String) -> String { "/upload/\(id)/thumbnail/\(size)?token=\(token)" }
    }

    func urls(of id: UploadID) -> URLs { URLs(id: id, token: token(id)) }

    func token(_ id: UploadID, now: Date = Date()) -> String {
        let expiry = ((now.timeIntervalSince1970 + Self.lifetime) / Self.window).rounded(.up) * Self.window
        let expires = String(Int(expiry), radix: 36)
        return "\(expires).\(Self.text(signature(id, expires)))"
    }

    public func verify(_ token: String, for id: UploadID, now: Date = Date()) -> Verdict {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 2, let expiry = Int(parts[0], radix: 36),
            let code = Data(base64Encoded: Self.replacing(parts[1].utf8, ["-": "+", "_": "/"]) + "="),
            // Other texts mean the same bytes: base64 ignores the last bits.
            parts[1] == Self.text(code),
            case let message = Self.message(id, String(parts[0])),
            keys.contains(where: { HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: message, using: $0) })
        else { return .forged }
        let remaining = Double(expiry) - now.timeIntervalSince1970
        return remaining > 0 ? .valid(for: Int(remaining)) : .expired
    }

    private func signature(_ id: UploadID, _ expires: String) -> Data {
        Data(HMAC<SHA256>.authenticationCode(for: Self.message(id, expires), using: key))
    }

    private static func message(_ id: UploadID, _ expires: String) -> Data { Data("\(id) \(expires)".utf8) }

    /// base64url without padding (RFC 4648 § 5).
    private static func text(_ data: Data) -> String {
        replacing(data.base64EncodedString().utf8.prefix { $0 != UInt8(ascii: "=") }, ["+": "-", "/": "_"])
    }

    /// Byte by byte: a general search for each letter costs several times what the signature does.
    private static func replacing(
        _ text: some Collection<UInt8>, _ letters: KeyValuePairs<Unicode.Scalar, Unicode.Scalar>
    ) -> String {
        let pairs = letters.map { (UInt8(ascii: $0.key), UInt8(ascii: $0.value)) }
        return String(decoding: text.map { byte in pairs.first { $0.0 == byte }?.1 ?? byte }, as: UTF8.self)
    }
}
