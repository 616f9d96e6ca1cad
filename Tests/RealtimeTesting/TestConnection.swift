package import EngineIO
import EngineIOHummingbird
import HummingbirdCore
import Logging
package import NIOCore
package import NIOEmbedded
package import NIOWebSocket

/// A connection to a server's gate, on NIO's embedded channel: bytes in, bytes out, and a clock that stands still.
package final class TestConnection {
    package let channel: EmbeddedChannel

    package init(_ endpoints: [Endpoint], loop: EmbeddedEventLoop) throws {
        self.channel = EmbeddedChannel(loop: loop)
        let server = HTTP1EndpointChannel(
            responder: { _, _, _ in },
            endpoints: endpoints,
            configuration: .init(idleTimeout: .seconds(30))
        )
        try self.channel.pipeline.syncOperations.addHandler(HalfClosure())
        try self.channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        _ = try server.setup(channel: self.channel, logger: Logger(label: "test")).wait()
    }

    package var isOpen: Bool { channel.isActive }

    package func send(_ text: String) throws {
        try channel.writeInbound(ByteBuffer(string: text))
        channel.embeddedEventLoop.run()
    }

    package func request(
        _ target: String,
        method: String = "GET",
        headers: String = "",
        body: String = ""
    ) throws {
        let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
        try send("\(method) \(target) HTTP/1.1\r\nHost: a\r\n\(headers)\(length)\r\n\(body)")
    }

    package func upgrade(_ target: String) throws {
        let key = "dGhlIHNhbXBsZSBub25jZQ=="
        try request(
            target,
            headers:
                "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \(key)\r\n"
        )
    }

    package func sendFrame(_ opcode: WebSocketOpcode, _ payload: String) throws {
        var frame = ByteBuffer()
        frame.writeInteger(UInt8(0x80) | UInt8(webSocketOpcode: opcode))
        frame.writeInteger(UInt8(0x80) | UInt8(payload.utf8.count))
        // A mask of zeros leaves the payload as it is.
        frame.writeInteger(UInt32(0))
        frame.writeString(payload)
        try channel.writeInbound(frame)
        channel.embeddedEventLoop.run()
    }

    /// All that was sent since the last call.
    package func received() throws -> ByteBuffer {
        var bytes = ByteBuffer()
        while let next = try channel.readOutbound(as: IOData.self) {
            if case .byteBuffer(var buffer) = next { bytes.writeBuffer(&buffer) }
        }
        return bytes
    }

    /// The status and the body of the one answer that came since the last call; nil where none came.
    package func response() throws -> (status: Int, head: String, body: String)? {
        let text = String(buffer: try received())
        guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        let head = String(text[..<end.lowerBound])
        let status = Int(head.split(separator: " ")[1]) ?? 0
        return (status, head, String(text[end.upperBound...]))
    }

    /// The text frames that came since the last call.
    package func frames() throws -> [String] {
        var bytes = try received()
        var frames: [String] = []
        while let first = bytes.readInteger(as: UInt8.self), let length = bytes.readInteger(as: UInt8.self) {
            guard let payload = bytes.readString(length: Int(length)) else { break }
            frames.append(first == 0x88 ? "close" : payload)
        }
        return frames
    }
}

/// Lets a server end its half of the connection, which `EmbeddedChannel` takes for the end of both.
private final class HalfClosure: ChannelOutboundHandler {
    typealias OutboundIn = NIOAny

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode != .output else {
            promise?.succeed()
            return
        }
        context.close(mode: mode, promise: promise)
    }
}
