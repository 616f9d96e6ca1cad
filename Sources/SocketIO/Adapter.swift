public import NIOCore

/// Keeps a namespace's sockets and rooms, and sends to them.
///
/// The in-memory adapter serves one process. An adapter for several processes must give the same guarantees in each,
/// and forward broadcasts.
///
/// Calls can come from any thread. They take effect at each socket in the order in which they were made: a socket that
/// joins before a broadcast gets it, and of two broadcasts the earlier comes first, whichever threads made them.
public protocol Adapter: Sendable {
    /// Adds a connected socket. Called on its event loop.
    func add(_ socket: Socket)
    /// Removes a socket, also from all its rooms. Called on its event loop.
    func remove(_ socket: Socket)
    func join(_ rooms: [Room], _ socket: Socket)
    func leave(_ rooms: [Room], _ socket: Socket)
    func broadcast(_ event: EncodedEvent, to target: BroadcastTarget)
    /// Broadcasts the same news in two forms: `events`, or `other` to sockets that take it.
    func broadcast(
        _ events: [EncodedEvent], or other: EncodedEvent, to target: BroadcastTarget,
        takingOther: @escaping @Sendable (Socket) -> Bool)
    /// Broadcasts to rooms. Each socket gets a room's events in one write.
    func broadcast(_ broadcasts: [RoomBroadcast])
    func perform(_ operation: BroadcastOperation, on target: BroadcastTarget)
    /// Whether a socket of this process is in the room, or about to join it.
    func hasMembers(_ room: Room) -> Bool
    /// The rooms that lost their last member since the last call. They are noted from the first call on.
    func takeEmptiedRooms() -> [Room]
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
