public import HTTPTypes

/// What becomes of a handshake before anything else is done about it.
public enum Screening: Sendable {
    /// - Parameter holding: Kept until the session has ended, or is not opened after all: the client's share of what there
    ///   is, say.
    case accept(holding: (any Sendable & AnyObject)? = nil)
    case refuse(HandshakeRefusal)
}

/// How a handshake is refused: the status, and the protocol's JSON with code 4 and this message.
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
