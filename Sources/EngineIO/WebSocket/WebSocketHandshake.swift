import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOWebSocket

/// The opening handshake (RFC 6455, section 4.2).
enum WebSocketHandshake: Equatable {
    /// Not a request for WebSocket.
    case none
    case acceptable
    case malformed
    case unsupportedVersion

    init(_ head: HTTPRequestHead) {
        guard Self.list("Upgrade", of: head).contains("websocket"),
            Self.list("Connection", of: head).contains("upgrade")
        else {
            self = .none
            return
        }
        let keys = head.headers["Sec-WebSocket-Key"]
        guard head.method == .GET, head.version == .http1_1, keys.count == 1,
            Data(base64Encoded: keys[0])?.count == 16
        else {
            self = .malformed
            return
        }
        self = head.headers["Sec-WebSocket-Version"] == ["13"] ? .acceptable : .unsupportedVersion
    }

    private static func list(_ name: String, of head: HTTPRequestHead) -> [String] {
        head.headers[canonicalForm: name].map { $0.lowercased() }
    }

    /// Makes the headers of the 101 answer. NIO's upgrader computes the digest of the key.
    ///
    /// - Parameter write: Called synchronously.
    static func accept(
        _ head: HTTPRequestHead,
        extraHeaders: HTTPHeaders,
        channel: any Channel,
        write: @escaping (HTTPHeaders) -> Void
    ) {
        let upgrader = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(extraHeaders) },
            upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() }
        )
        upgrader.buildUpgradeResponse(channel: channel, upgradeRequest: head, initialResponseHeaders: [:])
            .assumeIsolated()
            .whenSuccess(write)
    }
}
