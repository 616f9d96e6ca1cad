import ChatModel

/// Who is asking, as a verified access token says.
struct Caller: Sendable, Equatable {
    var user: UserID
    var session: SessionID
}
