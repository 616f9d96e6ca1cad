/// The first decision about a handshake.
public enum Screening: Sendable {
    /// - Parameter holding: Kept until the session ends or fails to open: the client's share of a resource, for
    ///   example.
    case accept(holding: (any Sendable & AnyObject)? = nil)
    case refuse(HandshakeRefusal)
}
