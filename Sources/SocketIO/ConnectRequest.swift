public import EngineIO

/// A client's request to join a namespace.
public struct ConnectRequest: Sendable {
    public let namespace: String
    /// The client's data: a JSON object, `{}` if it sent none.
    public let auth: JSONFragment
    public let handshake: HandshakeRequest
}

/// The decision about a request to join a namespace.
public enum Admission: Sendable {
    /// - Parameter userInfo: Kept on the socket.
    case accept(userInfo: any Sendable = ())
    /// The client gets a `connect_error` with this message and data.
    case refuse(message: String, data: JSONFragment? = nil)
}
