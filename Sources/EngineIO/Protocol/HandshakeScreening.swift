public import HTTPTypes

/// The first decision about a handshake.
public enum Screening: Sendable {
    /// - Parameter holding: Kept until the session ends or fails to open: the client's share of a resource, for
    ///   example.
    case accept(holding: (any Sendable & AnyObject)? = nil)
    case refuse(HandshakeRefusal)
}

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
