import NIOCore
import NIOHTTP1

/// The HTTP handlers in front of the gate, which go when the connection becomes a WebSocket.
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

    /// Replaces a decoder that has stopped. What it has read but not parsed goes to the fresh one.
    mutating func renewDecoder(in channel: any Channel) throws {
        let stopped = decoder
        decoder = Self.makeDecoder(limits)
        try channel.pipeline.syncOperations.addHandler(decoder, position: .after(stopped))
        Self.remove(stopped, from: channel)
    }

    /// Puts a WebSocket's handlers in the place of HTTP's and of the gate.
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
        // What is not read while answers wait would be in the kernel instead: as much as it begins with, and no more.
        try options?.setOption(.socketOption(.so_rcvbuf), value: 64 * 1024)
        try options?.setOption(.writeBufferWaterMark, value: .init(low: water, high: water))
        try pipeline.addHandler(connection, position: .after(gate.handler))
        pipeline.removeHandler(self.encoder, promise: nil)
        pipeline.removeHandler(context: gate, promise: nil)
        // Bytes that came with the request go from the decoder to the WebSocket's, once the caller knows the connection.
        Self.remove(self.decoder, from: channel)
    }

    private static func remove(_ decoder: ByteToMessageHandler<HTTPRequestDecoder>, from channel: any Channel) {
        channel.pipeline.syncOperations.removeHandler(decoder).assumeIsolated().whenComplete { _ in
            channel.pipeline.fireChannelReadComplete()
        }
    }
}
