public import HTTPTypes

/// How a handshake is refused: with this status, and the protocol's JSON with code 4 and this message.
public struct HandshakeRefusal: Sendable, Equatable {
    public var status: HTTPResponse.Status
    public var message: String
    public var headers: HTTPFields

    public init(
        status: HTTPResponse.Status = .forbidden, message: String = "Forbidden", headers: HTTPFields = [:]
    ) {
        self.status = status
        self.message = message
        self.headers = headers
    }
}
