public import Logging
public import NIOCore
internal import Synchronization

/// Two connections to a Redis: one publishes, one subscribes. Both are made again when they break.
public final class RedisPubSub: PubSub {
    private struct State {
        var publisher: RedisConnection?
        var isSubscribed = false
    }

    private let configuration: RedisConfiguration
    private let channels: [String]
    private let group: any EventLoopGroup
    private let logger: Logger
    private let state = Mutex(State())
    private let inbox: Inbox

    /// - Parameter channels: What `run` subscribes to; at least one.
    public init(
        configuration: RedisConfiguration, channels: [String], group: any EventLoopGroup, logger: Logger
    ) {
        precondition(!channels.isEmpty, "a subscriber without channels would count as a publisher")
        self.configuration = configuration
        self.channels = channels
        self.group = group
        self.logger = logger
        inbox = Inbox(maxMessages: configuration.maxUnreadMessages, maxBytes: configuration.maxUnreadBytes)
    }

    public var isUp: Bool { state.withLock { $0.publisher != nil && $0.isSubscribed } }

    public var dropped: Int { inbox.dropped }

    public func publish(_ messages: [RedisMessage]) async throws(RedisError) {
        guard let connection = state.withLock({ $0.publisher }) else {
            throw RedisError(.unavailable, "There is no connection to Redis.")
        }
        // Bounded by the PING: a connection without an answer ends within seconds.
        let result = await withCheckedContinuation { continuation in
            connection.publish(messages) { continuation.resume(returning: $0) }
        }
        try result.get()
    }

    /// Connects once and ends the connection: to see whether the settings are right.
    public static func check(_ configuration: RedisConfiguration, group: any EventLoopGroup) async throws {
        let connection = try await RedisConnection.open(configuration, on: group)
        await connection.close()
    }

    public func run(_ receive: @escaping @Sendable (RedisEvent) async -> Void) async {
        await withTaskGroup { tasks in
            tasks.addTask { [self] in await keepPublishing() }
            tasks.addTask { [self] in await keepSubscribing() }
            tasks.addTask { [inbox] in
                while !Task.isCancelled {
                    for event in await inbox.take() { await receive(event) }
                }
            }
        }
    }

    private func keepPublishing() async {
        await keep("publishing") { [configuration, group] in
            try await RedisConnection.open(configuration, on: group)
        } note: { connection in
            state.withLock { $0.publisher = connection }
        }
    }

    private func keepSubscribing() async {
        await keep("subscribing") { [configuration, channels, group, inbox] in
            try await RedisConnection.open(configuration, channels: channels, on: group) { inbox.put($0) }
        } note: { connection in
            state.withLock { $0.isSubscribed = connection != nil }
        }
    }

    /// Opens a connection again and again until the task is canceled.
    /// - Parameter note: Called with the connection when it is up, and with nil when it is gone.
    private func keep(
        _ purpose: String, open: @escaping @Sendable () async throws -> RedisConnection,
        note: (RedisConnection?) -> Void
    ) async {
        var pause = ReconnectPause()
        var isReported = false
        while !Task.isCancelled {
            do {
                // Not canceled halfway: it is bounded, and what it opened has to be closed.
                let connection = try await Task { try await open() }.value
                note(connection)
                if isReported { logger.notice("Redis is back", metadata: ["for": "\(purpose)"]) }
                isReported = false
                pause.reset()
                await connection.lastUntilCanceled()
                note(nil)
            } catch {
                // Once, and not at each attempt.
                if !isReported { report(purpose, "\(error)") }
                isReported = true
            }
            guard !Task.isCancelled else { return }
            try? await Task.sleep(for: pause.next(jitter: .random(in: 0...1)))
        }
    }

    private func report(_ purpose: String, _ error: String) {
        logger.warning(
            "Redis does not answer",
            metadata: ["for": "\(purpose)", "address": "\(configuration.address)", "error": "\(error)"])
    }
}
