import NIOCore
import NIOHTTP1

/// The HTTP handlers in front of the gate. They are removed when the connection becomes a WebSocket.
struct HTTPCodec {
    let encoder = HTTPResponseEncoder()
    private(set) var decoder: ByteToMessageHandler<HTTPRequestDecoder>
    private let limits: NIOHTTPDecoderLimitConfiguration

    init(limits: NIOHTTPDecoderLimitConfiguration) {
        self.limits = limits
        decoder = Self.makeDecoder(limits)
    }

    private static func makeDecoder(
        _ limits: NIOHTTPDecoderLimitConfiguration
    ) -> ByteToMessageHandler<HTTPRequestDecoder> {
        ByteToMessageHandler(
            HTTPRequestDecoder(
                leftOverBytesStrategy: .forwardBytes,
                informationalResponseStrategy: .drop,
                limitConfiguration: limits
            )
        )
    }

    /// Replaces a stopped decoder. Its unparsed bytes go to the new one.
    mutating func renewDecoder(in channel: any Channel) throws {
        let stopped = decoder
        decoder = Self.makeDecoder(limits)
        try channel.pipeline.syncOperations.addHandler(decoder, position: .after(stopped))
        Self.remove(stopped, from: channel)
    }

    /// Replaces HTTP's handlers and the gate with a WebSocket's handler.
    ///
    /// - Parameter gate: The gate's context.
    func makeWay(
        for connection: WebSocketConnection,
        _ configuration: WebSocketConnection.Configuration,
        behind gate: ChannelHandlerContext
    ) throws {
        let (channel, pipeline) = (gate.channel, gate.pipeline.syncOperations)
        let buffers = SendBuffers.forMessages(within: configuration.maxOutboundBytes)
        try buffers.apply(to: channel)
        let water = configuration.maxOutboundBytes - buffers.kernelBytes
        let options = channel.syncOptions
        // While reading is paused, input collects in the kernel's buffer. It keeps its initial size.
        try options?.setOption(.socketOption(.so_rcvbuf), value: 64 * 1024)
        try options?.setOption(.writeBufferWaterMark, value: .init(low: water, high: water))
        try pipeline.addHandler(connection, position: .after(gate.handler))
        pipeline.removeHandler(self.encoder, promise: nil)
        pipeline.removeHandler(context: gate, promise: nil)
        // Bytes that followed the request go to the WebSocket once the caller has the connection.
        Self.remove(self.decoder, from: channel)
    }

    private static func remove(_ decoder: ByteToMessageHandler<HTTPRequestDecoder>, from channel: any Channel) {
        channel.pipeline.syncOperations.removeHandler(decoder).assumeIsolated().whenComplete { _ in
            channel.pipeline.fireChannelReadComplete()
        }
    }
}
