/// An event that is sent to a room, possibly together with others.
public struct RoomEvent: Sendable {
    public var event: EncodedEvent
    /// The id of a socket to exclude.
    public var except: String?
    public var subject: EventSubject?

    public init(_ event: EncodedEvent, except: String? = nil, subject: EventSubject? = nil) {
        self.event = event
        self.except = except
        self.subject = subject
    }
}

/// What an event tells of, and in which version. A socket to which a version was told in another way leaves out what is
/// not newer (`Socket.releaseBroadcasts`).
public struct EventSubject: Sendable {
    public var id: String
    public var version: Int
    /// In place of an event that tells of something new, for a socket that knows an older version.
    public var change: EncodedEvent?

    public init(id: String, version: Int, change: EncodedEvent? = nil) {
        self.id = id
        self.version = version
        self.change = change
    }
}

/// Events for one room, in their order.
public struct RoomBroadcast: Sendable {
    public var room: Room
    public var events: [RoomEvent]

    public init(room: Room, events: [RoomEvent]) {
        self.room = room
        self.events = events
    }
}
