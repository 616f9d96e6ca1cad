/// Who wrote a message: as much of a user as a bubble shows.
public struct Sender: Sendable, Codable, Equatable {
    public var id: UserID
    public var username: String
    public var displayName: String

    package init(id: UserID, username: String, displayName: String) {
        self.id = id
        self.username = username
        self.displayName = displayName
    }
}
