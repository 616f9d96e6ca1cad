import NIOPosix
import RedisClient

/// What carries live events between servers, if it is a Redis.
enum BusCheck {
    static func findings(_ configuration: ServerConfiguration) async -> [Finding] {
        guard let url = configuration.busURL, let redis = try? RedisConfiguration(url: url) else { return [] }
        guard configuration.databaseURL != nil else {
            return [
                .warning(
                    "bus", "BUS_URL is set, and the database is a private one",
                    do: "set DATABASE_URL: without it there is no second server")
            ]
        }
        do {
            let clock = ContinuousClock()
            let time = try await clock.measure {
                try await RedisPubSub.check(redis, group: MultiThreadedEventLoopGroup.singleton)
            }
            return [.fine("bus", "\(redis.address) answers after \(Int(time / .milliseconds(1))) ms")]
        } catch {
            return [
                .warning(
                    "bus", "\(redis.address) cannot be used: \(error)",
                    do: "correct BUS_URL, or start that Redis; until then live events reach other servers later")
            ]
        }
    }
}
