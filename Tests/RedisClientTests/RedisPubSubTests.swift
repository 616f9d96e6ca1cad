import Logging
import NIOCore
import NIOPosix
import Synchronization
import TestRedis
import Testing

@testable import RedisClient

/// On a real server: what it does when it dies, freezes, throws us out or refuses us.
@Suite struct RedisPubSubTests {
    @Test func messagesArriveInOrder() async throws {
        let server = try RedisServer()
        try await withPubSub(configuration(server)) { redis, heard in
            try await heard.wait { $0 == [.subscribed] }
            let texts = (0..<500).map { "\($0)" }
            async let first: Void = redis.publish(texts[..<250].map { message("a", $0) })
            try await first
            try await redis.publish(texts[250...].map { message("a", $0) })
            try await heard.wait { $0.count == 501 }
            #expect(heard.texts == texts)
            // A channel that we did not ask for.
            try await redis.publish([message("c", "no"), message("b", "yes")])
            try await heard.wait { $0.count == 502 }
            #expect(heard.texts.last == "yes")
        }
    }

    @Test func aKilledServerIsFoundAgain() async throws {
        let server = try RedisServer()
        try await withPubSub(configuration(server)) { redis, heard in
            try await heard.wait { $0 == [.subscribed] }
            server.kill()
            try await heard.wait { $0 == [.subscribed, .disconnected] }
            try await eventually { !redis.isUp }
            await #expect(throws: RedisError.self) { try await redis.publish([message("a", "lost")]) }
            try server.start()
            try await heard.wait { $0 == [.subscribed, .disconnected, .subscribed] }
            try await eventually { redis.isUp }
            try await redis.publish([message("a", "back")])
            try await heard.wait { _ in heard.texts == ["back"] }
        }
    }

    @Test func aFrozenServerIsLeft() async throws {
        let server = try RedisServer()
        try await withPubSub(configuration(server)) { redis, heard in
            try await heard.wait { $0 == [.subscribed] }
            server.suspend(true)
            // Ends by the PING, not by itself.
            await #expect(throws: RedisError.self) { try await redis.publish([message("a", "stuck")]) }
            try await heard.wait { $0.contains(.disconnected) }
            server.suspend(false)
            try await eventually { redis.isUp }
            try await redis.publish([message("a", "back")])
            try await heard.wait { _ in heard.texts.last == "back" }
        }
    }

    @Test func aSubscriberThatIsThrownOutComesBack() async throws {
        let server = try RedisServer()
        try await withPubSub(configuration(server)) { redis, heard in
            try await heard.wait { $0 == [.subscribed] }
            try server.command("CLIENT", "KILL", "TYPE", "pubsub")
            try await heard.wait { $0 == [.subscribed, .disconnected, .subscribed] }
            try await redis.publish([message("a", "back")])
            try await heard.wait { _ in heard.texts == ["back"] }
        }
    }

    @Test func aWrongPasswordIsRefused() async throws {
        let server = try RedisServer(options: ["--requirepass", "right"])
        var configuration = configuration(server)
        configuration.password = "wrong"
        for password in ["wrong", nil] {
            configuration.password = password
            await #expect(throws: RedisError.self) {
                try await RedisConnection.open(configuration, on: .singletonMultiThreadedEventLoopGroup)
            }
        }
        configuration.password = "right"
        configuration.database = 5
        try await withPubSub(configuration) { _, heard in try await heard.wait { $0 == [.subscribed] } }
    }

    @Test func aUserWithFewRightsIsEnough() async throws {
        let users = "user default off\nuser parley on >word resetchannels &parley:* +ping +select +publish +subscribe\n"
        let server = try RedisServer(files: ["users.acl": users], options: ["--aclfile", "{directory}/users.acl"])
        var configuration = configuration(server)
        (configuration.username, configuration.password) = ("parley", "word")
        try await withPubSub(configuration, channels: ["parley:1"]) { redis, heard in
            try await heard.wait { $0 == [.subscribed] }
            try await eventually { redis.isUp }
            let error = await #expect(throws: RedisError.self) { try await redis.publish([message("other", "no")]) }
            #expect(error?.code == .refused)
            try await redis.publish([message("parley:1", "yes")])
            try await heard.wait { _ in heard.texts == ["yes"] }
        }
        await #expect(throws: RedisError.self) {
            try await RedisConnection.open(
                configuration, channels: ["other"], on: .singletonMultiThreadedEventLoopGroup)
        }
    }

    @Test func tlsTakesOnlyACertificateThatFits() async throws {
        let good = try Certificate(name: "IP:127.0.0.1,DNS:localhost")
        let server = try RedisServer(files: good.files, options: Certificate.options)
        var configuration = configuration(server)
        configuration.usesTLS = true
        // Nobody has signed it whom the system knows.
        await #expect(throws: (any Error).self) {
            try await RedisConnection.open(configuration, on: .singletonMultiThreadedEventLoopGroup)
        }
        configuration.authorities = good.path
        for host in ["127.0.0.1", "localhost"] {
            configuration.host = host
            try await withPubSub(configuration) { redis, heard in
                try await heard.wait { $0 == [.subscribed] }
                try await eventually { redis.isUp }
                try await redis.publish([message("a", "secret")])
                try await heard.wait { _ in heard.texts == ["secret"] }
            }
        }
        let other = try Certificate(name: "IP:127.0.0.2,DNS:elsewhere")
        let wrong = try RedisServer(files: other.files, options: Certificate.options)
        configuration = self.configuration(wrong)
        (configuration.usesTLS, configuration.authorities) = (true, other.path)
        await #expect(throws: (any Error).self) {
            try await RedisConnection.open(configuration, on: .singletonMultiThreadedEventLoopGroup)
        }
    }

    /// Of several addresses, one that refuses says nothing of the others.
    @Test func aNameMayHaveAnAddressThatRefuses() async throws {
        let server = try RedisServer()
        _ = try await RedisConnection.open(
            configuration(server), on: .singletonMultiThreadedEventLoopGroup, resolver: TwoAddresses(port: server.port))
    }

    @Test func somethingElseThanRedisIsLeft() async throws {
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(Greeter()) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        let configuration = RedisConfiguration(host: "127.0.0.1", port: channel.localAddress?.port ?? 0)
        let error = await #expect(throws: RedisError.self) {
            try await RedisConnection.open(configuration, on: .singletonMultiThreadedEventLoopGroup)
        }
        #expect(error?.code == .malformed)
        try await channel.close()
    }

    @Test(.enabled(if: RedisServer.valkey != nil)) func valkeyIsAsGood() async throws {
        let server = try RedisServer(program: try #require(RedisServer.valkey))
        try await withPubSub(configuration(server)) { redis, heard in
            try await heard.wait { $0 == [.subscribed] }
            try await eventually { redis.isUp }
            try await redis.publish([message("a", "1"), message("b", "2")])
            try await heard.wait { _ in heard.texts == ["1", "2"] }
            server.kill()
            try await heard.wait { $0.last == .disconnected }
            try server.start()
            try await eventually { redis.isUp }
            try await redis.publish([message("a", "3")])
            try await heard.wait { _ in heard.texts == ["1", "2", "3"] }
        }
    }

    // MARK: Tools

    private func configuration(_ server: RedisServer) -> RedisConfiguration {
        RedisConfiguration(host: "127.0.0.1", port: server.port)
    }

    private func message(_ channel: String, _ text: String) -> RedisMessage {
        RedisMessage(channel: channel, payload: ByteBuffer(string: text))
    }

    private func withPubSub(
        _ configuration: RedisConfiguration, channels: [String] = ["a", "b"],
        _ body: (RedisPubSub, Heard) async throws -> Void
    ) async throws {
        let redis = RedisPubSub(
            configuration: configuration, channels: channels, group: .singletonMultiThreadedEventLoopGroup,
            logger: Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() })
        let heard = Heard()
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { await redis.run { heard.add($0) } }
            try await eventually { redis.isUp }
            try await body(redis, heard)
            tasks.cancelAll()
        }
        #expect(!redis.isUp)
    }
}

/// What a subscriber has heard so far.
private final class Heard: Sendable {
    private let events = Mutex<[RedisEvent]>([])

    func add(_ event: RedisEvent) { events.withLock { $0.append(event) } }

    var texts: [String] {
        events.withLock { $0 }.compactMap { event in
            if case .message(let message) = event { String(buffer: message.payload) } else { nil }
        }
    }

    func wait(_ condition: ([RedisEvent]) -> Bool) async throws {
        try await eventually { condition(events.withLock { $0 }) }
    }
}

/// Asks again and again until the answer is yes; fails the test after five minutes, when it counts as hung.
private func eventually(_ condition: () -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(300)
    while ContinuousClock.now < deadline {
        if condition() { return }
        try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("it did not come true")
}

/// A host whose first address refuses.
private final class TwoAddresses: Resolver, Sendable {
    private let port: Int

    init(port: Int) { self.port = port }

    func initiateAAAAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> { answer("::1", port: 1) }
    func initiateAQuery(host: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        answer("127.0.0.1", port: self.port)
    }
    func cancelQueries() {}

    private func answer(_ address: String, port: Int) -> EventLoopFuture<[SocketAddress]> {
        MultiThreadedEventLoopGroup.singleton.next().makeCompletedFuture {
            [try SocketAddress(ipAddress: address, port: port)]
        }
    }
}

/// Speaks first, and something else.
private final class Greeter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(NIOAny(ByteBuffer(string: "220 mail.example ESMTP\r\n")), promise: nil)
    }
}
