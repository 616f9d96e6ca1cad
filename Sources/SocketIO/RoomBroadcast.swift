/// An event that is sent to a room, possibly together with others.
public struct RoomEvent: Sendable {
    public var event: EncodedEvent
    /// The id of a socket to exclude.
    public var except: String?
    /// The event's subject. A socket that holds the event can drop it by this (`Socket.releaseBroadcasts`).
    public var subject: String?

    public init(_ event: EncodedEvent, except: String? = nil, subject: String? = nil) {
        self.event = event
        self.except = except
        self.subject = subject
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
