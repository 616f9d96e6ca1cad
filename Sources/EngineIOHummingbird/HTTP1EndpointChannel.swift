public import EngineIO
public import HummingbirdCore
package import Logging
package import NIOCore
import NIOHTTP1
package import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// A connection of a Hummingbird server. Its real-time endpoints are answered on its event loop.
package struct HTTP1EndpointChannel: HTTPChannelHandler {
    package struct Value: ServerChildChannelValue {
        package let channel: any Channel
        /// The application's side of the connection, or nil if there was no request for it.
        package let application: EventLoopFuture<NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>?>
    }

    package let responder: HTTPChannelHandler.Responder
    private let pipeline: EndpointPipeline
    private let configuration: HTTP1Channel.Configuration

    package init(
        responder: @escaping HTTPChannelHandler.Responder,
        endpoints: [Endpoint],
        configuration: HTTP1Channel.Configuration,
        screening: HTTPScreening = .init()
    ) {
        self.responder = responder
        self.configuration = configuration
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = configuration.httpDecoder.maxHeaderFieldSize
        limits.maxHeaderListSize = configuration.httpDecoder.maxHeaderListSize
        limits.maxHeaderFieldCount = configuration.httpDecoder.maxHeaderFieldCount
        pipeline = EndpointPipeline(
            endpoints: endpoints, limits: limits, idleTimeout: configuration.idleTimeout ?? Self.defaultIdleTimeout,
            screening: screening)
    }

    /// How long a connection may be idle, or silent within a request, if the configuration sets no time.
    private static let defaultIdleTimeout = TimeAmount.seconds(60)

    package func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let application = channel.eventLoop.makePromise(
                of: NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>?.self
            )
            try pipeline.setUp(
                channel,
                installApplication: { application.succeed(try addApplicationHandlers(to: channel)) },
                onUnneeded: { application.succeed(nil) }
            )
            return Value(channel: channel, application: application.futureResult)
        }
    }

    private func addApplicationHandlers(
        to channel: any Channel
    ) throws -> NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart> {
        try EndpointPipeline.prepareForApplication(channel)
        // A chunk of a file is written at once. It must not make the channel unwritable.
        try channel.syncOptions?.setOption(.writeBufferWaterMark, value: .init(low: 64 * 1024, high: 128 * 1024))
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: false))
        try pipeline.addHandlers(self.configuration.additionalChannelHandlers())
        return try NIOAsyncChannel(
            wrappingChannelSynchronously: channel,
            // How far to read ahead of the application: a few of the largest buffers.
            configuration: .init(
                backPressureStrategy: .init(lowWatermark: 2, highWatermark: 5), isOutboundHalfClosureEnabled: true)
        )
    }

    package func handle(value: Value, logger: Logger) async {
        // Returns at once for a connection that became a WebSocket, because its task would only cost memory.
        let application = await withTaskCancellationHandler {
            try? await value.application.get()
        } onCancel: {
            value.channel.close(promise: nil)
        }
        guard let application else { return }
        await withTaskExecutorPreference(EventLoopExecutor(value.channel.eventLoop)) {
            await handleHTTP(asyncChannel: application, logger: logger)
        }
    }
}

extension HTTPServerBuilder {
    /// An HTTP/1 server. Its real-time endpoints are answered on the connections' event loops, and all other requests
    /// by the application. It can be wrapped in `.tls`.
    ///
    /// - Parameters:
    ///   - endpoints: The real-time endpoints.
    ///   - configuration: Limits and the idle time (default: 60 seconds) for every connection that is not a WebSocket.
    ///   - screening: What to refuse before routing.
    public static func http1(
        endpoints: [Endpoint],
        configuration: HTTP1Channel.Configuration = .init(),
        screening: HTTPScreening = .init()
    ) -> HTTPServerBuilder {
        HTTPServerBuilder { responder in
            HTTP1EndpointChannel(
                responder: responder, endpoints: endpoints, configuration: configuration, screening: screening)
        }
    }
}
