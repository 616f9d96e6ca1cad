import Logging

/// Which clients are served, and how much of the server each may have. REST and real time share it.
struct ClientPolicy: Sendable {
    let origins: OriginPolicy
    let limits: RateLimits
    /// Whose `X-Forwarded-…` fields are believed.
    let proxies: TrustedProxies
    /// How many connections each address may have; nil for as many as it likes.
    let shares: ConnectionShares?
    let descriptors: Descriptors
}

extension ClientPolicy {
    init(_ configuration: ServerConfiguration, descriptors: Descriptors, logger: Logger) throws {
        origins = OriginPolicy(configuration)
        limits = RateLimits(isEnabled: configuration.rateLimits)
        proxies = try TrustedProxies(configuration.trustedProxies)
        shares =
            limits.isEnabled
            ? ConnectionShares(limit: configuration.connectionsPerAddress ?? descriptors.forOneAddress) : nil
        self.descriptors = descriptors
        if !limits.isEnabled { logger.warning("RATE_LIMITS is off: nothing is limited") }
    }
}
