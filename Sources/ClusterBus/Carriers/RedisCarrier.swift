package import RedisClient

/// Frames over Redis's publish and subscribe.
package final class RedisCarrier: BusCarrier {
    private let redis: any PubSub
    private let names: [String]

    package static let channels = 17

    /// - Parameter scope: Which cluster and database; several may share a Redis.
    package static func channelNames(scope: String) -> [String] {
        (0..<channels - 1).map { "parley:\(scope):\($0)" } + ["parley:\(scope):live"]
    }

    /// - Parameter redis: Has to subscribe to `channelNames(scope:)`.
    package init(_ redis: any PubSub, scope: String) {
        self.redis = redis
        names = Self.channelNames(scope: scope)
    }

    package var name: String { "redis" }
    package var channels: Int { Self.channels }
    package var maxFrame: Int { 64 << 10 }
    package var isConnected: Bool { redis.isUp }

    package func send(_ frames: [CarriedFrame]) async throws {
        try await redis.publish(frames.map { RedisMessage(channel: names[$0.channel], payload: $0.frame) })
    }

    package func run(_ receive: @escaping @Sendable (CarrierEvent) async -> Void) async {
        await redis.run { event in
            switch event {
            case .subscribed: await receive(.listening)
            case .message(let message): await receive(.frame(message.payload))
            case .missed: await receive(.missed)
            case .disconnected: break
            }
        }
    }
}
