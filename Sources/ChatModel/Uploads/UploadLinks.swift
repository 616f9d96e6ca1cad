public import Crypto
package import Foundation

/// Signs and checks the tokens in upload URLs, and in those of all files of a message. A token is a capability: it names the
/// upload or the message and an expiry but no user, so the same encoding of a message serves every member. The token in a
/// message also names the conversation, and ends after somebody was removed from it (`URLEpochs`).
public struct UploadLinks: Sendable {
    /// A URL works for at least this many seconds.
    package static let lifetime: Double = 3600
    /// Expiries are rounded up to a multiple of this many seconds. Within such a window a URL stays the same, so browsers
    /// find the file in their cache.
    package static let window: Double = 6 * 3600

    /// The key that signs.
    private let key: SymmetricKey
    /// The keys whose signatures are accepted.
    private let keys: [SymmetricKey]
    private let basePath: String
    /// Lists show the same pictures again and again, and a token stays the same for hours.
    private let remembered = RecentValues<Signed, String>(max: maxRemembered)

    /// What a remembered token follows from.
    private struct Signed: Hashable {
        var upload: UploadID
        var showing: Showing?
        var expiry: Int
    }

    private static let maxRemembered = 20_000

    /// - Parameters:
    ///   - secret: the server's secret; a key of its own is derived from it (HKDF, RFC 5869).
    ///   - previous: the secret before it.
    ///   - basePath: the path below which the server is, `/chat`.
    public init(secret: SymmetricKey, previous: SymmetricKey? = nil, basePath: String = "") {
        self.basePath = basePath
        key = Self.key(of: secret)
        keys = [key] + (previous.map { [Self.key(of: $0)] } ?? [])
    }

    private static func key(of secret: SymmetricKey) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: secret, info: Data("parley upload links".utf8), outputByteCount: 32)
    }

    package enum Verdict: Sendable, Equatable {
        /// Valid for this many more seconds, unless the conversation in which it was shown says otherwise.
        case valid(for: Int, shownIn: Showing?)
        case expired
        case forged
    }

    /// The conversation in which a URL was shown, and its epoch at that time: somebody who left may still hold the URL.
    package struct Showing: Sendable, Hashable {
        package var conversation: ConversationID
        package var epoch: Int

        package init(conversation: ConversationID, epoch: Int) {
            self.conversation = conversation
            self.epoch = epoch
        }
    }

    /// The URLs of an upload's files, signed once for all of them.
    package struct URLs {
        fileprivate let upload: String
        fileprivate let token: String

        package var file: String { "\(upload)/file?token=\(token)" }

        package func thumbnail(_ size: String) -> String { "\(upload)/thumbnail/\(size)?token=\(token)" }
    }

    /// - Parameter showing: Nil for the owner, and for uploads that everybody may see.
    package func urls(of id: UploadID, in showing: Showing?, now: Date = Date()) -> URLs {
        let signed = Signed(upload: id, showing: showing, expiry: Self.expiry(now))
        let token = remembered.value(of: signed) { self.token(id, in: showing, now: now) }
        return URLs(upload: "\(basePath)/upload/\(id)", token: token)
    }

    /// The URL of a file for those who have an access token and may see the upload.
    package func unsigned(_ id: UploadID) -> String { "\(basePath)/upload/\(id)/file" }

    /// The URL of all files of a message as one archive.
    package func archive(of id: MessageID, in showing: Showing) -> String {
        "\(basePath)/messages/\(id)/files.zip?token=\(token(.files(of: id), in: showing))"
    }

    /// What a token opens.
    package enum Subject: Sendable {
        case upload(UploadID)
        case files(of: MessageID)

        /// The words differ, so that no token of one kind is one of the other.
        fileprivate var text: String {
            switch self {
            case .upload(let id): "\(id)"
            case .files(let id): "files of \(id)"
            }
        }
    }

    package func token(_ id: UploadID, in showing: Showing? = nil, now: Date = Date()) -> String {
        token(.upload(id), in: showing, now: now)
    }

    package func token(_ subject: Subject, in showing: Showing?, now: Date = Date()) -> String {
        var claims = String(Self.expiry(now), radix: 36)
        if let showing { claims += ".\(Self.text(showing.conversation)).\(String(showing.epoch, radix: 36))" }
        return "\(claims).\(Self.text(signature(subject, claims)))"
    }

    private static func expiry(_ now: Date) -> Int {
        Int(((now.timeIntervalSince1970 + lifetime) / window).rounded(.up) * window)
    }

    package func verify(_ token: String, for id: UploadID, now: Date = Date()) -> Verdict {
        verify(token, for: .upload(id), now: now)
    }

    package func verify(_ token: String, for subject: Subject, now: Date = Date()) -> Verdict {
        guard let end = token.lastIndex(of: ".") else { return .forged }
        let claims = token[..<end]
        let signature = token[token.index(after: end)...]
        guard let code = Self.data(signature),
            // Base64 ignores the last bits, so other texts would mean the same bytes.
            signature == Self.text(code),
            case let message = Self.message(subject, claims),
            keys.contains(where: { HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: message, using: $0) })
        else { return .forged }
        // We signed it, so it has the right form.
        let parts = claims.split(separator: ".")
        guard let expiry = parts.first.flatMap({ Int($0, radix: 36) }) else { return .forged }
        let remaining = Double(expiry) - now.timeIntervalSince1970
        guard remaining > 0 else { return .expired }
        guard parts.count == 3 else { return .valid(for: Int(remaining), shownIn: nil) }
        guard let conversation = Self.conversation(parts[1]), let epoch = Int(parts[2], radix: 36) else {
            return .forged
        }
        return .valid(for: Int(remaining), shownIn: Showing(conversation: conversation, epoch: epoch))
    }

    private func signature(_ subject: Subject, _ claims: String) -> Data {
        Data(HMAC<SHA256>.authenticationCode(for: Self.message(subject, claims), using: key))
    }

    private static func message(_ subject: Subject, _ claims: some StringProtocol) -> Data {
        Data("\(subject.text) \(claims)".utf8)
    }

    private static func text(_ conversation: ConversationID) -> String {
        text(withUnsafeBytes(of: conversation.uuid.uuid) { Data($0) })
    }

    private static func conversation(_ text: Substring) -> ConversationID? {
        guard let bytes = data(text), bytes.count == 16 else { return nil }
        return ConversationID(bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) })
    }

    private static func data(_ text: Substring) -> Data? {
        let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
        return Data(base64Encoded: replacing(text.utf8, ["-": "+", "_": "/"]) + padding)
    }

    /// base64url without padding (RFC 4648, section 5).
    private static func text(_ data: Data) -> String {
        replacing(data.base64EncodedString().utf8.prefix { $0 != UInt8(ascii: "=") }, ["+": "-", "/": "_"])
    }

    /// Works byte by byte, because a general search for each letter costs several times what the signature does.
    private static func replacing(
        _ text: some Collection<UInt8>, _ letters: KeyValuePairs<Unicode.Scalar, Unicode.Scalar>
    ) -> String {
        let pairs = letters.map { (UInt8(ascii: $0.key), UInt8(ascii: $0.value)) }
        return String(decoding: text.map { byte in pairs.first { $0.0 == byte }?.1 ?? byte }, as: UTF8.self)
    }
}
