import EngineIO
public import NIOCore

/// A group of sockets that a broadcast can go to. Rooms exist while somebody is in them.
public typealias Room = String

/// Which sockets of a namespace are meant.
public struct BroadcastTarget: Sendable, Equatable {
    /// Rooms, or ids of single sockets; everybody where there is none. A socket in several rooms is meant once.
    public var rooms: [Room]
    /// Rooms, or ids of single sockets, that are not meant.
    public var except: [Room]

    public init(rooms: [Room] = [], except: [Room] = []) {
        self.rooms = rooms
        self.except = except
    }
}

/// An event that is sent to a room together with others.
public struct RoomEvent: Sendable {
    public var event: EncodedEvent
    /// The id of a socket that does not get it.
    public var except: String?
    /// What the event is about, by which a socket that kept it back can leave it out (`Socket.releaseBroadcasts`).
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

/// What can be done to many sockets at once, besides sending.
public enum BroadcastOperation: Sendable, Equatable {
    case join([Room])
    case leave([Room])
    /// - Parameter close: Whether the whole connection goes, or the namespace only.
    case disconnect(close: Bool)
    /// Ends the connection without sending the client away.
    case cutConnection
}

/// Keeps a namespace's sockets and rooms, and reaches them.
///
/// The in-memory adapter serves one process. One for several processes keeps the same promises on each, and carries
/// broadcasts between them.
///
/// All calls can come from any thread. What one thread asks for takes effect in the order it was asked for: who joined
/// before a broadcast gets it.
public protocol Adapter: Sendable {
    /// The socket is connected. Called on its event loop.
    func add(_ socket: Socket)
    /// The socket is gone, from all rooms too. Called on its event loop.
    func remove(_ socket: Socket)
    func join(_ rooms: [Room], _ socket: Socket)
    func leave(_ rooms: [Room], _ socket: Socket)
    func broadcast(_ event: EncodedEvent, to target: BroadcastTarget)
    /// Broadcasts to rooms, of which each socket gets its events in one write.
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
///   - eventLoops: All that its sockets can be on.
public typealias AdapterFactory = @Sendable (_ namespace: String, _ eventLoops: [any EventLoop]) -> any Adapter
