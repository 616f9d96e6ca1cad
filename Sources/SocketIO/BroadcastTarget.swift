/// A group of sockets that a broadcast can target. A room exists while it has members.
public typealias Room = String

/// The target sockets of a broadcast within a namespace.
public struct BroadcastTarget: Sendable, Equatable {
    /// Rooms, or ids of single sockets. If empty, everyone. A socket in several rooms counts once.
    public var rooms: [Room]
    /// Rooms, or ids of single sockets, to exclude.
    public var except: [Room]

    public init(rooms: [Room] = [], except: [Room] = []) {
        self.rooms = rooms
        self.except = except
    }
}

/// What can be done to many sockets at once, other than sending.
public enum BroadcastOperation: Sendable {
    case join([Room])
    /// Joins a room. Sockets that were not in it get the event.
    case enter(Room, EncodedEvent)
    case leave([Room])
    /// Leaves a room, except for sockets that may stay. Those that leave get the event.
    case leaveUnless(Room, @Sendable (Socket) -> Bool, EncodedEvent)
    /// - Parameter close: Whether to end the whole connection, or only the namespace.
    case disconnect(close: Bool)
    /// Ends the connection without a disconnect packet.
    case cutConnection

    var joined: [Room] {
        switch self {
        case .join(let rooms): rooms
        case .enter(let room, _): [room]
        case .leave, .leaveUnless, .disconnect, .cutConnection: []
        }
    }
}
