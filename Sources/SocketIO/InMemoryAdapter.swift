import NIOConcurrencyHelpers
public import NIOCore

/// Rooms of one process, kept by each event loop for its own sockets.
///
/// A table shared by all loops says how many members of a room each loop has, or is about to have, so that a broadcast
/// costs only the loops that its receivers are on.
public final class InMemoryAdapter: Adapter {
    private let loops: [LoopRooms]
    private let loopIndexes: [ObjectIdentifier: Int]
    /// For each room, the number of memberships and joins under way on each event loop. In several parts, so that
    /// threads seldom wait for each other.
    private let interest: [NIOLockedValueBox<[Room: [Int]]>]
    private let sockets = NIOLockedValueBox<[String: Socket]>([:])

    public init(eventLoops: [any EventLoop]) {
        self.loops = eventLoops.map { LoopRooms(eventLoop: $0) }
        self.loopIndexes = Dictionary(
            eventLoops.enumerated().map { (ObjectIdentifier($1), $0) },
            uniquingKeysWith: { first, _ in first }
        )
        self.interest = (0..<16).map { _ in NIOLockedValueBox([:]) }
    }

    public var socketCount: Int { self.sockets.withLockedValue { $0.count } }

    public func socket(_ id: String) -> Socket? {
        self.sockets.withLockedValue { $0[id] }
    }

    private func loop(of socket: Socket) -> (index: Int, rooms: LoopRooms)? {
        self.loopIndexes[ObjectIdentifier(socket.eventLoop)].map { ($0, self.loops[$0]) }
    }

    // MARK: Membership

    public func add(_ socket: Socket) {
        guard let (_, rooms) = self.loop(of: socket) else { return }
        self.sockets.withLockedValue { $0[socket.id] = socket }
        rooms.add(socket)
    }

    public func remove(_ socket: Socket) {
        guard let (index, rooms) = self.loop(of: socket) else { return }
        self.sockets.withLockedValue { $0[socket.id] = nil }
        for room in rooms.remove(socket) { self.addInterest(-1, in: room, loop: index) }
    }

    public func join(_ names: [Room], _ socket: Socket) {
        guard let (index, rooms) = self.loop(of: socket) else { return }
        // At once, so that a broadcast after this call finds the loop; taken back where nothing came of it.
        for room in names { self.addInterest(1, in: room, loop: index) }
        rooms.eventLoop.runNow {
            for room in names where !rooms.join(room, socket) { self.addInterest(-1, in: room, loop: index) }
        }
    }

    public func leave(_ names: [Room], _ socket: Socket) {
        guard let (index, rooms) = self.loop(of: socket) else { return }
        rooms.eventLoop.runNow {
            for room in names where rooms.leave(room, socket) { self.addInterest(-1, in: room, loop: index) }
        }
    }

    // MARK: Interest

    private func addInterest(_ change: Int, in room: Room, loop: Int) {
        self.part(of: room).withLockedValue { table in
            var counts = table[room] ?? Array(repeating: 0, count: self.loops.count)
            counts[loop] += change
            table[room] = counts.allSatisfy { $0 == 0 } ? nil : counts
        }
    }

    private func part(of room: Room) -> NIOLockedValueBox<[Room: [Int]]> {
        self.interest[Int(UInt(bitPattern: room.hashValue) % UInt(self.interest.count))]
    }

    /// The loops that have, or will have, somebody who is meant.
    private func interested(in target: BroadcastTarget) -> [LoopRooms] {
        if target.rooms.isEmpty { return self.loops }
        var isInterested = Array(repeating: false, count: self.loops.count)
        for room in target.rooms {
            let counts = self.part(of: room).withLockedValue { $0[room] }
            for (index, count) in (counts ?? []).enumerated() where count > 0 { isInterested[index] = true }
            if let socket = self.socket(room), let (index, _) = self.loop(of: socket) { isInterested[index] = true }
        }
        return zip(self.loops, isInterested).compactMap { $1 ? $0 : nil }
    }

    // MARK: Broadcasts

    public func broadcast(_ event: EncodedEvent, to target: BroadcastTarget) {
        for rooms in self.interested(in: target) {
            rooms.eventLoop.runNow { rooms.forEach(in: target) { $0.deliverBroadcast(event) } }
        }
    }

    public func perform(_ operation: BroadcastOperation, on target: BroadcastTarget) {
        for rooms in self.interested(in: target) {
            rooms.eventLoop.runNow {
                rooms.forEach(in: target) { socket in
                    switch operation {
                    case .join(let names): self.join(names, socket)
                    case .leave(let names): self.leave(names, socket)
                    case .disconnect(let close): socket.disconnect(close: close)
                    case .cutConnection: socket.cutConnection()
                    }
                }
            }
        }
    }
}

extension EventLoop {
    /// Runs on the event loop: at once where this is it.
    func runNow(_ body: @escaping @Sendable () -> Void) {
        if self.inEventLoop { body() } else { self.execute(body) }
    }
}
