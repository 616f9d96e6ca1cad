import ChatModel
import Synchronization

/// What a password check costs: every check costs a little, and a wrong password more.
///
/// Guesses are limited for one name from one address, for one name from all addresses, and for all names from one
/// address. A device or address from which the name's user signed in before has an allowance of its own, so guesses
/// from elsewhere do not lock it out.
struct LogInLimits: Sendable {
    /// A password that is to be checked.
    struct Attempt: Sendable {
        /// A normalized user name; nil for what is none.
        var name: String?
        var address: ClientAddress
        /// The number of a device on which this name's user signed in before.
        var device: [UInt8]?
    }

    let limits: RateLimits
    /// The limits of guesses over all servers; nil where this server's count alone.
    private let shared: SharedLimits?
    private let known = KnownAddresses()

    init(limits: RateLimits, shared: SharedLimits? = nil) {
        self.limits = limits
        self.shared = limits.isEnabled ? shared : nil
    }

    /// Runs what makes an account. `RequestAdmission` has charged this server's own limit.
    func register<Value>(from address: ClientAddress, _ body: () async throws -> Value) async throws -> Value {
        let charges: [Charge] = [(.registrations, .address(address))]
        try await shared?.require(charges)
        await shared?.spend(charges)
        return try await body()
    }

    /// Runs what checks the password of a log-in.
    func logIn<Value>(_ attempt: Attempt, _ body: () async throws -> Value) async throws -> Value {
        let name = attempt.name ?? ""
        let here = RateLimits.Subject.name(name, from: attempt.address)
        let (checks, guesses): ([Charge], [Charge])
        if let device = attempt.device {
            checks = [(.logIns, .device(device))]
            guesses = [(.failedLogIns, .device(device))]
        } else {
            // The limits of the address come first. Beyond them, nobody's bucket of a name is touched.
            checks = [(.logInsOfAddress, .address(attempt.address)), (.logIns, here)]
            // What is no name has no account to guess at. It would be one bucket for everybody's typing errors.
            let isGuessedAt = attempt.name != nil && !isKnown(attempt)
            let everywhere: [Charge] = isGuessedAt ? [(.failedLogInsOfName, .nameEverywhere(name))] : []
            guesses = [(.failedLogInsOfAddress, .address(attempt.address)), (.failedLogIns, here)] + everywhere
        }
        return try await charging(checks, guesses, body)
    }

    /// Runs what checks the password of a user who is signed in.
    func confirm<Value>(
        _ user: UserID, from address: ClientAddress, _ body: () async throws -> Value
    ) async throws -> Value {
        try await charging(
            [(.logIns, .user(user))],
            [(.failedLogInsOfAddress, .address(address)), (.failedLogIns, .user(user))], body)
    }

    /// Whether the name's user signed in from there before.
    func isKnown(_ attempt: Attempt) -> Bool {
        attempt.device != nil || attempt.name.map { known.contains($0, at: attempt.address) } ?? false
    }

    func signedIn(_ name: String, from address: ClientAddress) { known.insert(name, at: address) }

    typealias Charge = (rule: RateLimits.Rule, subject: RateLimits.Subject)

    /// Everything is spent before the check, so that simultaneous guesses count. Afterwards the price of a guess is
    /// given back unless the password was wrong, and everything is given back where no password was checked.
    private func charging<Value>(
        _ checks: [Charge], _ guesses: [Charge], _ body: () async throws -> Value
    ) async throws -> Value {
        try spend(checks + guesses)
        do {
            // Wrong passwords of other servers count as well. Simultaneous guesses at several servers are as few as the
            // places in front of their password checks.
            try await shared?.require(guesses)
            let value = try await body()
            giveBack(guesses)
            return value
        } catch {
            switch (error as? ChatError)?.code {
            case .invalidCredentials: await shared?.spend(guesses)
            case .unavailable: giveBack(checks + guesses)
            default: giveBack(guesses)
            }
            throw error
        }
    }

    private func spend(_ charges: [Charge]) throws(ChatError) {
        for (index, charge) in charges.enumerated() {
            do throws(ChatError) {
                try limits.spend(charge.rule, of: charge.subject)
            } catch {
                giveBack(Array(charges[..<index]))
                throw error
            }
        }
    }

    private func giveBack(_ charges: [Charge]) {
        for charge in charges { limits.giveBack(charge.rule, of: charge.subject) }
    }
}

/// The addresses from which users have signed in. In memory and bounded: an address is forgotten if it did not sign in
/// while half of `maximum` others did.
private final class KnownAddresses: Sendable {
    private struct Key: Hashable {
        var name: String
        var address: ClientAddress
    }

    private static let maximum = 100_000

    private let state = Mutex((current: Set<Key>(), previous: Set<Key>()))

    func contains(_ name: String, at address: ClientAddress) -> Bool {
        let key = Key(name: name, address: address)
        return state.withLock { $0.current.contains(key) || $0.previous.contains(key) }
    }

    func insert(_ name: String, at address: ClientAddress) {
        state.withLock { state in
            state.current.insert(Key(name: name, address: address))
            if state.current.count >= Self.maximum / 2 { state = ([], state.current) }
        }
    }
}
