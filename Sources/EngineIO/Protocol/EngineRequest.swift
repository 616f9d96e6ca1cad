import Foundation
import NIOHTTP1

/// A request at an Engine.IO path, parsed as far as is possible without the sessions.
struct EngineRequest: Equatable {
    enum Purpose: Equatable {
        /// Open a session.
        case handshake(EngineConfiguration.Transport)
        /// Poll or post for a session.
        case poll(sid: String)
        case post(sid: String)
        /// Replace a session's polling by this WebSocket.
        case upgrade(sid: String)
    }

    var purpose: Purpose

    /// - Parameter isWebSocketUpgrade: Whether the client asked to switch the connection to WebSocket.
    init(
        method: HTTPMethod,
        uri: String,
        isWebSocketUpgrade: Bool,
        transports: Set<EngineConfiguration.Transport>
    ) throws(RequestError) {
        let query = Self.query(of: uri)
        guard let transport = query["transport"].flatMap(EngineConfiguration.Transport.init(rawValue:)),
            transports.contains(transport)
        else { throw .unknownTransport }

        if let sid = query["sid"], !sid.isEmpty {
            switch (transport, isWebSocketUpgrade, method) {
            case (.websocket, true, .GET): purpose = .upgrade(sid: sid)
            case (.polling, false, .GET): purpose = .poll(sid: sid)
            case (.polling, false, .POST): purpose = .post(sid: sid)
            default: throw .badRequest
            }
        } else {
            guard method == .GET else { throw .badHandshakeMethod }
            guard (transport == .websocket) == isWebSocketUpgrade else { throw .badRequest }
            guard query["EIO"] == "4" else { throw .unsupportedProtocolVersion }
            purpose = .handshake(transport)
        }
    }

    /// The part of a request target before the query.
    static func path(of uri: String) -> Substring {
        uri.prefix { $0 != "?" }
    }

    static func query(of uri: String) -> [String: String] {
        let text = uri.drop { $0 != "?" }.dropFirst()
        var query: [String: String] = [:]
        for item in text.split(separator: "&", maxSplits: 64) {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = Self.decoded(parts[0]), let value = parts.count > 1 ? Self.decoded(parts[1]) : "" else {
                continue
            }
            // No known name is longer, and hashing a long one takes long.
            if name.utf8.count <= 32 { query[name] = value }
        }
        return query
    }

    private static func decoded(_ text: Substring) -> String? {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(text)
        }
        return text.replacing("+", with: " ").removingPercentEncoding
    }
}
