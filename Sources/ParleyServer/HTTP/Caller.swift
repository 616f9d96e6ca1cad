import ChatModel

/// Who is asking, as a verified access token says.
struct Caller: Sendable, Equatable {
    var user: UserID
    var session: SessionID
    /// Whether a socket's client takes several marks in one event.
    var joinsMarks = false

    init(user: UserID, session: SessionID) {
        self.user = user
        self.session = session
    }
}
