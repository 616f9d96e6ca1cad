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
public enum BroadcastOperation: Sendable, Equatable {
    case join([Room])
    case leave([Room])
    /// - Parameter close: Whether to end the whole connection, or only the namespace.
    case disconnect(close: Bool)
    /// Ends the connection without a disconnect packet.
    case cutConnection
}
