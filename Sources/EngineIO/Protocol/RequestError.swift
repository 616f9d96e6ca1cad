import HTTPTypes
import NIOCore

/// A request that Engine.IO refuses, with the reference server's codes and messages.
enum RequestError: Error, Equatable {
    case unknownTransport
    case unknownSession
    case badHandshakeMethod
    case badRequest
    case forbidden(HandshakeRefusal)
    case unsupportedProtocolVersion
    case payloadTooLarge
    case overloaded

    /// Whether the request itself is wrong.
    var isOfRequest: Bool {
        switch self {
        case .unknownTransport, .unknownSession, .badHandshakeMethod, .badRequest, .unsupportedProtocolVersion,
            .payloadTooLarge:
            true
        case .forbidden, .overloaded: false
        }
    }

    var status: HTTPResponse.Status {
        switch self {
        case .unknownTransport, .unknownSession, .badHandshakeMethod, .badRequest, .unsupportedProtocolVersion:
            .badRequest
        case .forbidden(let refusal): refusal.status
        case .payloadTooLarge: .contentTooLarge
        case .overloaded: .serviceUnavailable
        }
    }

    /// `{"code":…,"message":…}`.
    var body: ByteBuffer {
        switch self {
        case .unknownTransport: Self.json(0, "Transport unknown")
        case .unknownSession: Self.json(1, "Session ID unknown")
        case .badHandshakeMethod: Self.json(2, "Bad handshake method")
        case .badRequest: Self.json(3, "Bad request")
        case .forbidden(let refusal): Self.json(4, refusal.message)
        case .unsupportedProtocolVersion: Self.json(5, "Unsupported protocol version")
        case .payloadTooLarge: Self.json(3, "Payload too large")
        case .overloaded: Self.json(3, "Server overloaded")
        }
    }

    private static func json(_ code: Int, _ message: String) -> ByteBuffer {
        ByteBuffer(string: #"{"code":\#(code),"message":\#(JSONText.quoted(message))}"#)
    }
}
