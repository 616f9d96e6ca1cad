import ChatModel

/// Who is asking: read from a verified access token.
struct Caller: Sendable, Equatable {
    var user: UserID
    var session: SessionID
}
