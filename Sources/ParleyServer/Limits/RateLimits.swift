import ChatModel
import Synchronization

/// How much each user and each address may ask of the server. Requests and events are checked alike.
///
/// The memory is bounded: a bucket is forgotten if it was not used while half of `maxBuckets` others were. A
/// forgotten bucket is full again.
final class RateLimits: Sendable {
    /// What is limited. Ordinary use, a page that reconnects included, stays far below each of these.
    enum Rule: Hashable, Sendable {
        /// Wrong passwords for one name from one address, or from a device that its user has signed in on.
        case failedLogIns
        /// Wrong passwords for one name from all addresses and devices from which its user has not signed in.
        case failedLogInsOfName
        /// Wrong passwords for any name from one address.
        case failedLogInsOfAddress
        /// Log-ins, successful or not, for one name from one address or device.
        case logIns
        /// Log-ins, successful or not, for any name from one address.
        case logInsOfAddress
        case registrations
        case connections
        /// Handshakes of sockets, before it is known who connects.
        case handshakes
        /// Sockets whose token was refused.
        case refusedConnections
        case messages
        case typing
        case joins
        case uploads
        /// Every other operation of a signed-in user.
        case requests
        /// Everything that is asked for without signing in.
        case anonymousRequests
        /// Kibibytes of JSON beyond the first of each request or event. They have to be read before anything is known
        /// of them.
        case reading
        /// Events that one of these limits refused. A client that goes on regardless is disconnected.
        case refusedEvents

        var rate: TokenBucket.Rate {
            switch self {
            case .failedLogIns: .init(burst: 20, perSecond: 1 / 60)
            case .failedLogInsOfName: .init(burst: 100, perSecond: 1 / 60)
            case .failedLogInsOfAddress: .init(burst: 200, perSecond: 1)
            case .logIns: .init(burst: 60, perSecond: 0.2)
            case .logInsOfAddress: .init(burst: 300, perSecond: 2)
            case .registrations: .init(burst: 60, perSecond: 0.1)
            case .connections: .init(burst: 120, perSecond: 2)
            // A whole company behind one address reconnects at once after a restart.
            case .handshakes: .init(burst: 3000, perSecond: 100)
            case .refusedConnections: .init(burst: 600, perSecond: 5)
            case .messages: .init(burst: 200, perSecond: 20)
            case .typing: .init(burst: 30, perSecond: 5)
            case .joins: .init(burst: 60, perSecond: 2)
            case .uploads: .init(burst: 100, perSecond: 2)
            case .requests: .init(burst: 600, perSecond: 100)
            case .anonymousRequests: .init(burst: 2000, perSecond: 200)
            // A device with 10,000 conversations names all of them in each `sync`: 0.5 MB.
            case .reading: .init(burst: 8192, perSecond: 1024)
            case .refusedEvents: .init(burst: 2000, perSecond: 20)
            }
        }
    }

    /// Whose bucket it is.
    enum Subject: Hashable, Sendable {
        case user(UserID)
        case address(ClientAddress)
        case name(String, from: ClientAddress)
        case nameEverywhere(String)
        case device([UInt8])
    }

    private struct Key: Hashable {
        var rule: Rule
        var subject: Subject
    }

    private struct Generations {
        var current: [Key: TokenBucket] = [:]
        var previous: [Key: TokenBucket] = [:]
    }

    let isEnabled: Bool
    private let maxBuckets: Int
    private let buckets = Mutex(Generations())

    init(isEnabled: Bool, maxBuckets: Int = 100_000) {
        self.isEnabled = isEnabled
        self.maxBuckets = maxBuckets
    }

    /// Spends tokens of `subject`.
    /// - Throws: `rate_limited` with the seconds to wait, when there are not so many.
    func spend(
        _ rule: Rule, of subject: Subject, cost: Double = 1, now: ContinuousClock.Instant = .now
    ) throws(ChatError) {
        try refuse(for: isEnabled ? update(rule, subject, now) { $0.take(rule.rate, cost: cost, now: now) } : nil)
    }

    /// Spends what reading so many bytes of JSON costs. The first kibibyte is free.
    func spendReading(bytes: Int, of subject: Subject, now: ContinuousClock.Instant = .now) throws(ChatError) {
        guard bytes > 1024 else { return }
        try spend(.reading, of: subject, cost: Double(bytes - 1024) / 1024, now: now)
    }

    /// Refuses as `spend` does, but spends nothing: for what is paid for only when it fails.
    func require(_ rule: Rule, of subject: Subject, now: ContinuousClock.Instant = .now) throws(ChatError) {
        try refuse(for: isEnabled ? update(rule, subject, now) { $0.wait(rule.rate, now: now) } : nil)
    }

    private func refuse(for wait: Double?) throws(ChatError) {
        if let wait { throw Self.refusal(wait: wait) }
    }

    /// - Parameter wait: How many seconds.
    static func refusal(wait: Double) -> ChatError {
        let seconds = max(1, Int(wait.rounded(.up)))
        return ChatError(.rateLimited, "too much at once; try again in \(seconds) s", retryAfter: seconds)
    }

    /// Gives back what was spent on something that turned out not to count.
    func giveBack(_ rule: Rule, of subject: Subject, now: ContinuousClock.Instant = .now) {
        guard isEnabled else { return }
        update(rule, subject, now) { $0.giveBack(rule.rate, now: now) }
    }

    @discardableResult
    private func update<Result: Sendable>(
        _ rule: Rule, _ subject: Subject, _ now: ContinuousClock.Instant, _ change: (inout TokenBucket) -> Result
    ) -> Result {
        let key = Key(rule: rule, subject: subject)
        return buckets.withLock { buckets in
            var bucket = buckets.current[key] ?? buckets.previous[key] ?? TokenBucket(rule.rate, now: now)
            let result = change(&bucket)
            buckets.current[key] = bucket
            if buckets.current.count >= maxBuckets / 2 {
                buckets.previous = buckets.current
                buckets.current = [:]
            }
            return result
        }
    }
}
