/// Who wrote a message: the part of a user that a message bubble shows.
public struct Sender: Sendable, Equatable {
    public var id: UserID
    public var username: String
    public var displayName: String

    package init(id: UserID, username: String, displayName: String) {
        self.id = id
        self.username = username
        self.displayName = displayName
    }
}
