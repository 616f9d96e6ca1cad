package import NIOCore
package import NIOHTTP1

/// Sets connections up so that real-time endpoints answer on the connection's event loop, and the application the rest.
package struct EndpointPipeline: Sendable {
    let endpoints: [Endpoint]
    let limits: NIOHTTPDecoderLimitConfiguration
    let idleTimeout: TimeAmount
    let screening: HTTPScreening

    package init(
        endpoints: [Endpoint], limits: NIOHTTPDecoderLimitConfiguration, idleTimeout: TimeAmount,
        screening: HTTPScreening
    ) {
        self.endpoints = endpoints
        self.limits = limits
        self.idleTimeout = idleTimeout
        self.screening = screening
    }

    /// Adds the HTTP codec and the gate to a new connection. On its event loop.
    ///
    /// - Parameters:
    ///   - installApplication: Adds the application's handlers, when the first request for it comes.
    ///   - onUnneeded: Called when the connection has ended, or become a WebSocket, without a request for the application.
    package func setUp(
        _ channel: any Channel, installApplication: @escaping () throws -> Void, onUnneeded: @escaping () -> Void
    ) throws {
        let codec = HTTPCodec(limits: limits)
        let gate = UpgradeGate(
            endpoints: endpoints, codec: codec, idleTimeout: idleTimeout, screening: screening,
            installApplication: installApplication, onUnneeded: onUnneeded)
        do {
            try channel.syncOptions?.setOption(.recvAllocator, value: ReadBuffers())
            try SendBuffers.forRequests.apply(to: channel)
            try channel.pipeline.syncOperations.addHandlers(codec.encoder, codec.decoder, gate)
        } catch {
            // The connection ended before the gate could say so.
            onUnneeded()
            throw error
        }
    }

    /// Gives the kernel's buffer of a connection the size that the application's answers need.
    package static func prepareForApplication(_ channel: any Channel) throws {
        try SendBuffers.forFiles.apply(to: channel)
    }
}
