import ChatStore
import Crypto
import Foundation
import PostgresClient

/// The limits that guard secrets, over all servers of the database. `RateLimits` comes before them and costs nothing; these
/// keep somebody with several servers to ask from having several times as many guesses.
struct SharedLimits: Sendable {
    private let store: SharedLimitStore
    private let key: SymmetricKey

    /// - Parameter secret: All servers have the same. Names and addresses are stored under keyed hashes.
    init(database: PostgresClient, secret: SymmetricKey) {
        store = SharedLimitStore(database: database)
        key = HKDF<SHA256>.deriveKey(inputKeyMaterial: secret, info: Data("shared limits".utf8), outputByteCount: 32)
    }

    /// - Throws: `rate_limited` if one of the limits is used up.
    func require(_ charges: [LogInLimits.Charge]) async throws {
        // Where the database does not answer, no password is checked either.
        guard let wait = try? await store.wait(charges.map(limit)) else { return }
        throw RateLimits.refusal(wait: wait)
    }

    /// A limit that cannot be written counts on this server only.
    func spend(_ charges: [LogInLimits.Charge]) async { try? await store.spend(charges.map(limit)) }

    private func limit(_ charge: LogInLimits.Charge) -> SharedLimitStore.Limit {
        let rate = charge.rule.rate
        let name = Data("\(charge.rule) \(Self.name(charge.subject))".utf8)
        return .init(
            key: Data(HMAC<SHA256>.authenticationCode(for: name, using: key).prefix(16)), burst: rate.burst,
            perSecond: rate.perSecond)
    }

    private static func name(_ subject: RateLimits.Subject) -> String {
        switch subject {
        case .user(let user): "user \(user)"
        case .address(let address): "address \(address.bytes)"
        case .name(let name, from: let address): "name \(name) address \(address.bytes)"
        case .nameEverywhere(let name): "name \(name)"
        case .device(let device): "device \(device)"
        }
    }
}
