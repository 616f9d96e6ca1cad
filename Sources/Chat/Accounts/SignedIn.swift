public import ChatModel

/// What register, log-in and refresh answer.
public struct SignedIn: Sendable {
    public var user: User
    public var sessionID: SessionID
    public var refreshToken: String
}
