import Crypto
import Foundation
import Hummingbird

/// Recognizes browsers in which a user has signed in before. Guesses at the user's name from elsewhere do not lock
/// those out (OWASP, "Slow Down Online Guessing Attacks with Device Cookies"). The cookie signs nobody in.
///
/// It holds a mark for each of the browser's last users: a random number, and a code that proves to whom it was given.
/// The server stores nothing.
struct DeviceCookie: Sendable {
    private static let name = "parley_device"
    private static let lifetime = 365 * 24 * 3600
    private static let maxMarks = 4
    private static let numberBytes = 16
    private static let codeBytes = 32

    /// The current secret's key comes first.
    private let keys: [SymmetricKey]
    private let jar: CookieJar

    init(secret: SymmetricKey, previous: SymmetricKey?, jar: CookieJar) {
        self.jar = jar
        keys = [secret, previous].compactMap { $0 }.map { secret in
            HKDF<SHA256>.deriveKey(inputKeyMaterial: secret, info: Data("parley device".utf8), outputByteCount: 32)
        }
    }

    /// The number of the device from which `request` comes, if the user of that name signed in on it before.
    /// - Parameter user: A normalized user name.
    func device(of user: String, in request: Request, _ context: RequestEnvironment) -> [UInt8]? {
        marks(in: request, context).first { isGood($0, for: user) }.map { Array($0.prefix(Self.numberBytes)) }
    }

    /// Marks the device as one on which the user has signed in.
    func set(for user: String, on response: inout Response, to request: Request, _ context: RequestEnvironment) {
        let others = marks(in: request, context).filter { !isGood($0, for: user) }.prefix(Self.maxMarks - 1)
        let number =
            device(of: user, in: request, context)
            ?? (0..<Self.numberBytes).map { _ in UInt8.random(in: .min ... .max) }
        let mark = Data(number) + HMAC<SHA256>.authenticationCode(for: Self.content(number, user), using: keys[0])
        jar.set(
            Self.name, to: ([mark] + others).map(\.hex).joined(separator: "."), maxAge: Self.lifetime, on: &response,
            context)
    }

    private func marks(in request: Request, _ context: RequestEnvironment) -> [Data] {
        let longest = Self.maxMarks * (2 * (Self.numberBytes + Self.codeBytes) + 1)
        guard let value = jar.value(of: Self.name, in: request, context), value.utf8.count <= longest else { return [] }
        return value.utf8.split(separator: UInt8(ascii: ".")).compactMap { Data(hex: $0) }
            .filter { $0.count == Self.numberBytes + Self.codeBytes }
    }

    private func isGood(_ mark: Data, for user: String) -> Bool {
        let content = Self.content(mark.prefix(Self.numberBytes), user)
        return keys.contains { key in
            HMAC<SHA256>.isValidAuthenticationCode(
                mark.suffix(Self.codeBytes), authenticating: content, using: key)
        }
    }

    private static func content(_ number: some Sequence<UInt8>, _ user: String) -> Data {
        Data(number) + Data(user.utf8)
    }
}

extension Data {
    fileprivate var hex: String { map { String(format: "%02x", $0) }.joined() }

    fileprivate init?(hex: some Collection<UInt8>) {
        let digits = Array(hex)
        guard digits.count.isMultiple(of: 2) else { return nil }
        self.init()
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard digits[index] != UInt8(ascii: "+"), digits[index] != UInt8(ascii: "-"),
                let byte = UInt8(String(decoding: digits[index..<(index + 2)], as: UTF8.self), radix: 16)
            else { return nil }
            append(byte)
        }
    }
}
