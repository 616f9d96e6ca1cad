internal import DequeModule
internal import NIOCore

/// What is said on one connection: the greeting (who we are, which database, which channels), then messages, and a PING
/// each second.
///
/// A pure machine: answers and the time go in, actions and bytes come out. Times are counted from any fixed moment.
struct RedisSession<Waiter: Sendable>: Sendable {
    enum Action: Sendable {
        /// The greeting is over: every channel is subscribed to.
        case ready
        case message(RedisMessage)
        case finish(Waiter, Result<Void, RedisError>)
        case close(RedisError)
    }

    private enum Expected: Sendable {
        /// The answer to a command of the greeting.
        case greeting(String)
        case subscription(String)
        case pong
        /// The answers to what was published at once.
        case published(messages: Int, bytes: Int, Waiter)
    }

    private let configuration: RedisConfiguration
    private let channels: [String]
    private var expected: Deque<Expected> = []
    private var failure: RedisError?
    private var unansweredMessages = 0
    private var unansweredBytes = 0
    private var lastReceived: Duration
    private var lastPing: Duration
    private var isPingUnanswered = false
    private let greetingEnds: Duration
    private(set) var isReady = false

    /// - Parameter channels: The channels to subscribe to. A connection that subscribes does not publish.
    init(_ configuration: RedisConfiguration, channels: [String], at now: Duration) {
        self.configuration = configuration
        self.channels = channels
        lastReceived = now
        lastPing = now
        greetingEnds = now + configuration.connectTimeout
    }

    /// The greeting, at once: the answers come in its order.
    mutating func greet(_ writer: inout RESPWriter) {
        if let password = configuration.password {
            writer.command(["AUTH"] + [configuration.username, password].compactMap { $0 })
            expected.append(.greeting("AUTH"))
        }
        if configuration.database != 0 {
            writer.command(["SELECT", String(configuration.database)])
            expected.append(.greeting("SELECT"))
        }
        writer.command(["PING"])
        expected.append(.greeting("PING"))
        if !channels.isEmpty {
            writer.command(["SUBSCRIBE"] + channels)
            for channel in channels { expected.append(.subscription(channel)) }
        }
    }

    mutating func publish(_ messages: [RedisMessage], _ waiter: Waiter, _ writer: inout RESPWriter) -> Action? {
        guard isReady else {
            return .finish(waiter, .failure(RedisError(.unavailable, "There is no connection to Redis.")))
        }
        guard !messages.isEmpty else { return .finish(waiter, .success(())) }
        let bytes = messages.reduce(0) { $0 + $1.payload.readableBytes + $1.channel.utf8.count }
        guard
            unansweredMessages + messages.count <= configuration.maxUnansweredMessages,
            unansweredBytes + bytes <= configuration.maxUnansweredBytes
        else { return .finish(waiter, .failure(RedisError(.queueFull, "Redis does not keep up."))) }
        unansweredMessages += messages.count
        unansweredBytes += bytes
        for message in messages { writer.publish(message) }
        expected.append(.published(messages: messages.count, bytes: bytes, waiter))
        return nil
    }

    // MARK: Answers

    mutating func receive(_ value: RESPValue, at now: Duration) -> Action? {
        lastReceived = now
        if !channels.isEmpty, case .array(let parts) = value, let kind = parts.first?.text {
            return receive(kind, parts)
        }
        return settle(value)
    }

    /// A connection that subscribes gets arrays, each with its kind in front.
    private mutating func receive(_ kind: String, _ parts: [RESPValue]) -> Action? {
        switch kind {
        case "message":
            guard parts.count == 3, let channel = parts[1].text, case .bulk(let payload) = parts[2] else { break }
            return .message(RedisMessage(channel: channel, payload: payload))
        case "subscribe":
            guard parts.count == 3, case .subscription(let channel)? = expected.first, parts[1].text == channel else {
                break
            }
            expected.removeFirst()
            return readyAction()
        case "pong":
            return settle(.simple("PONG"))
        default: break
        }
        return .close(RedisError(.malformed, "Redis sent “\(kind)”, which was not asked for."))
    }

    private mutating func settle(_ value: RESPValue) -> Action? {
        guard let next = expected.popFirst() else {
            if case .error(let text) = value { return .close(RedisError(.refused, "Redis: \(text)")) }
            return .close(RedisError(.malformed, "Redis answered what was not asked."))
        }
        if case .published(let messages, let bytes, let waiter) = next {
            return settle(value, messages, bytes, waiter)
        }
        if case .error(let text) = value { return .close(RedisError(.refused, "Redis: \(text)")) }
        switch (next, value) {
        case (.greeting(let command), .simple(let text)) where text == (command == "PING" ? "PONG" : "OK"):
            return readyAction()
        case (.pong, .simple("PONG")):
            isPingUnanswered = false
            return nil
        default: return .close(RedisError(.malformed, "Redis gave an answer that makes no sense."))
        }
    }

    private mutating func settle(_ value: RESPValue, _ messages: Int, _ bytes: Int, _ waiter: Waiter) -> Action? {
        switch value {
        case .integer: break
        case .error(let text): failure = failure ?? RedisError(.refused, "Redis: \(text)")
        default:
            expected.prepend(.published(messages: messages, bytes: bytes, waiter))
            return .close(RedisError(.malformed, "Redis gave an answer that makes no sense."))
        }
        unansweredMessages -= 1
        if messages > 1 {
            expected.prepend(.published(messages: messages - 1, bytes: bytes, waiter))
            return nil
        }
        unansweredBytes -= bytes
        defer { failure = nil }
        return .finish(waiter, failure.map { .failure($0) } ?? .success(()))
    }

    private mutating func readyAction() -> Action? {
        guard expected.isEmpty else { return nil }
        isReady = true
        return .ready
    }

    // MARK: Time

    /// Called some times a second.
    mutating func advance(to now: Duration, _ writer: inout RESPWriter) -> Action? {
        guard isReady else {
            guard now >= greetingEnds else { return nil }
            return .close(RedisError(.unresponsive, "Redis did not answer the greeting in time."))
        }
        if isPingUnanswered, now - max(lastReceived, lastPing) >= configuration.pingTimeout {
            return .close(RedisError(.unresponsive, "Redis did not answer for \(configuration.pingTimeout)."))
        }
        if !isPingUnanswered, now - lastPing >= configuration.pingInterval {
            isPingUnanswered = true
            lastPing = now
            writer.command(["PING"])
            expected.append(.pong)
        }
        return nil
    }

    /// The connection is gone.
    /// - Returns: Those who wait for an answer.
    mutating func end() -> [Waiter] {
        isReady = false
        defer { expected = [] }
        return expected.compactMap { if case .published(_, _, let waiter) = $0 { waiter } else { nil } }
    }
}

extension RESPValue {
    /// The text of a string.
    fileprivate var text: String? {
        switch self {
        case .bulk(let bytes): String(buffer: bytes)
        case .simple(let text): text
        default: nil
        }
    }
}
