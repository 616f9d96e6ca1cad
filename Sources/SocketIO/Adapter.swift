import EngineIO
public import NIOCore

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

/// What can be done to many sockets at once, other than sending.
public enum BroadcastOperation: Sendable, Equatable {
    case join([Room])
    case leave([Room])
    /// - Parameter close: Whether to end the whole connection, or only the namespace.
    case disconnect(close: Bool)
    /// Ends the connection without a disconnect packet.
    case cutConnection
}

/// Keeps a namespace's sockets and rooms, and sends to them.
///
/// The in-memory adapter serves one process. An adapter for several processes must give the same guarantees in each,
/// and forward broadcasts.
///
/// Calls can come from any thread. One thread's calls take effect in order: a socket that joins before a broadcast gets
/// it.
public protocol Adapter: Sendable {
    /// Adds a connected socket. Called on its event loop.
    func add(_ socket: Socket)
    /// Removes a socket, also from all its rooms. Called on its event loop.
    func remove(_ socket: Socket)
    func join(_ rooms: [Room], _ socket: Socket)
    func leave(_ rooms: [Room], _ socket: Socket)
    func broadcast(_ event: EncodedEvent, to target: BroadcastTarget)
    /// Broadcasts to rooms. Each socket gets a room's events in one write.
    func broadcast(_ broadcasts: [RoomBroadcast])
    func perform(_ operation: BroadcastOperation, on target: BroadcastTarget)
    /// A connected socket of this process.
    func socket(_ id: String) -> Socket?
    /// Connected sockets of this process.
    var socketCount: Int { get }
}

/// Makes a namespace's adapter.
///
/// - Parameters:
///   - namespace: Its name.
///   - eventLoops: All event loops that its sockets can be on.
public typealias AdapterFactory = @Sendable (_ namespace: String, _ eventLoops: [any EventLoop]) -> any Adapter
