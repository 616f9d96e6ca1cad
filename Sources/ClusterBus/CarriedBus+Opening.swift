package import ChatModel
package import ChatStore
package import Crypto
package import Logging
package import NIOCore
package import RedisClient

extension CarriedBus {
    /// Asks the database which it is, and makes the bus. Nothing is connected to Redis before `run`.
    /// - Parameters:
    ///   - store: On a client of the bus's own.
    ///   - redis: What carries events; nil: PostgreSQL.
    ///   - secrets: As for `FrameCodec`.
    package static func open(
        _ node: NodeIdentity, store: BusStore, redis: RedisConfiguration?, secrets: [SymmetricKey],
        group: any EventLoopGroup, logger: Logger
    ) async throws -> CarriedBus {
        let scope = try await store.locate().scope
        let carrier = redis.map { configuration in
            let names = RedisCarrier.channelNames(scope: scope)
            return RedisCarrier(
                RedisPubSub(configuration: configuration, channels: names, group: group, logger: logger), scope: scope)
        }
        return CarriedBus(
            node: node, codec: FrameCodec(secrets: secrets, scope: scope), hints: PostgresCarrier(store),
            events: carrier,
            logger: logger
        ) { try await store.locate() }
    }
}
