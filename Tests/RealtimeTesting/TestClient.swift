package import EngineIO
import EngineIOHummingbird
import HummingbirdCore
import Logging
package import NIOCore
import NIOPosix

/// Accepts connections for a server's endpoints on a free port of 127.0.0.1.
package final class RealtimeListener: Sendable {
    private let channel: any Channel

    package init(endpoints: [Endpoint], group: any EventLoopGroup) async throws {
        let connections = HTTP1EndpointChannel(
            responder: { _, _, _ in },
            endpoints: endpoints,
            configuration: .init(idleTimeout: .seconds(30))
        )
        self.channel = try await ServerBootstrap(group: group)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                connections.setup(channel: channel, logger: Logger(label: "test")).map { _ in }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    package var port: Int { channel.localAddress?.port ?? 0 }

    package func close() async throws {
        try await channel.close().get()
    }
}

/// A WebSocket client that shows what comes, and sends what it is told. One test's task uses it.
package final class TestClient: @unchecked Sendable {
    private let channel: any Channel
    private var arrivals: AsyncStream<ByteBuffer>.Iterator
    private var buffer = ByteBuffer()

    package struct Closed: Error {}

    package init(port: Int, group: any EventLoopGroup) async throws {
        let (stream, continuation) = AsyncStream.makeStream(of: ByteBuffer.self)
        self.channel = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Collector(continuation: continuation))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        arrivals = stream.makeAsyncIterator()
    }

    deinit {
        channel.close(promise: nil)
    }

    /// - Returns: The answer: its head, and the body of one that refuses.
    package func upgrade(_ target: String, headers: [String] = []) async throws -> String {
        let lines =
            [
                "GET \(target) HTTP/1.1", "Host: 127.0.0.1", "Upgrade: websocket", "Connection: Upgrade",
                "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            ] + headers + ["\r\n"]
        try await channel.writeAndFlush(ByteBuffer(string: lines.joined(separator: "\r\n"))).get()
        var head = ""
        while !head.hasSuffix("\r\n\r\n") {
            head += String(decoding: try await take(1), as: UTF8.self)
        }
        guard let field = head.split(separator: "\r\n").first(where: { $0.hasPrefix("Content-Length: ") }),
            let length = Int(field.dropFirst("Content-Length: ".count))
        else { return head }
        return head + String(decoding: try await take(length), as: UTF8.self)
    }

    /// Sends a text message.
    package func send(_ text: String) async throws {
        let length = UInt8(text.utf8.count)
        // Masked with zeros, which leaves the text as it is.
        let frame = ByteBuffer(bytes: [0x81, 0x80 | length, 0, 0, 0, 0] + Array(text.utf8))
        try await channel.writeAndFlush(frame).get()
    }

    /// The payload of the next frame, which is shorter than 126 bytes. Pings of Engine.IO, which come to tests that take
    /// longer than 25 s, are answered.
    package func frame() async throws -> String {
        while true {
            let header = try await take(2)
            let payload = String(decoding: try await take(Int(header[1])), as: UTF8.self)
            if payload != "2" { return payload }
            try await send("3")
        }
    }

    private func take(_ count: Int) async throws -> [UInt8] {
        while buffer.readableBytes < count {
            guard let next = await arrivals.next() else { throw Closed() }
            buffer.writeImmutableBuffer(next)
        }
        return buffer.readBytes(length: count) ?? []
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private let continuation: AsyncStream<ByteBuffer>.Continuation

        init(continuation: AsyncStream<ByteBuffer>.Continuation) {
            self.continuation = continuation
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            continuation.yield(unwrapInboundIn(data))
        }

        func channelInactive(context: ChannelHandlerContext) {
            continuation.finish()
        }
    }
}
