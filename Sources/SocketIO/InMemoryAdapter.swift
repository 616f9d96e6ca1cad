public import NIOCore
import Synchronization

/// The rooms of one process. Each event loop keeps the rooms of its own sockets.
///
/// A shared table counts each room's members per loop, including joins in progress. So a broadcast reaches only the
/// loops of its receivers.
public final class InMemoryAdapter: Adapter {
    private let loops: [LoopRooms]
    private let loopIndexes: [ObjectIdentifier: Int]
    /// For each room, the number of members and of joins in progress per event loop. The table has several parts, so
    /// threads rarely wait for each other.
    private let interest: [InterestTable]

    /// Most rooms belong to one user or session, on one event loop. They need no array.
    private enum Interest {
        case one(loop: Int, count: Int)
        case several([Int])

        func add(_ change: Int, loop: Int, loops: Int) -> Interest? {
            switch self {
            case .one(loop, let count): return count + change == 0 ? nil : .one(loop: loop, count: count + change)
            case .one(let other, let count):
                var counts = Array(repeating: 0, count: loops)
                counts[other] = count
                counts[loop] = change
                return .several(counts)
            case .several(var counts):
                counts[loop] += change
                return counts.allSatisfy { $0 == 0 } ? nil : .several(counts)
            }
        }

        func forEachLoop(_ body: (Int) -> Void) {
            switch self {
            case .one(let loop, let count): if count > 0 { body(loop) }
            case .several(let counts): for (loop, count) in counts.enumerated() where count > 0 { body(loop) }
            }
        }
    }

    private final class InterestTable: Sendable {
        struct State {
            var rooms: [Room: Interest] = [:]
            /// Rooms that lost their last member; nil as long as nobody asks for them.
            var emptied: [Room]?
        }

        let state = Mutex(State())
    }

    private let sockets = Mutex<[String: Socket]>([:])

    public init(eventLoops: [any EventLoop]) {
        loops = eventLoops.map { LoopRooms(eventLoop: $0) }
        loopIndexes = Dictionary(
            eventLoops.enumerated().map { (ObjectIdentifier($1), $0) },
            uniquingKeysWith: { first, _ in first }
        )
        interest = (0..<16).map { _ in InterestTable() }
    }

    public var socketCount: Int { sockets.withLock { $0.count } }

    public func socket(_ id: String) -> Socket? {
        sockets.withLock { $0[id] }
    }

    private func loop(of socket: Socket) -> (index: Int, rooms: LoopRooms)? {
        loopIndexes[ObjectIdentifier(socket.eventLoop)].map { ($0, loops[$0]) }
    }

    // MARK: Membership

    public func add(_ socket: Socket) {
        guard let (_, rooms) = loop(of: socket) else { return }
        sockets.withLock { $0[socket.id] = socket }
        rooms.add(socket)
    }

    public func remove(_ socket: Socket) {
        guard let (index, rooms) = self.loop(of: socket) else { return }
        sockets.withLock { $0[socket.id] = nil }
        for room in rooms.remove(socket) { addInterest(-1, in: room, loop: index) }
    }

    public func join(_ names: [Room], _ socket: Socket) {
        guard let (index, rooms) = self.loop(of: socket) else { return }
        // Counted at once, so a broadcast after this call finds the loop. Undone if the socket does not join.
        for room in names { addInterest(1, in: room, loop: index) }
        rooms.mailbox.hand {
            for room in names where !rooms.join(room, socket) { self.addInterest(-1, in: room, loop: index) }
        }
    }

    public func leave(_ names: [Room], _ socket: Socket) {
        guard let (index, rooms) = self.loop(of: socket) else { return }
        rooms.mailbox.hand { self.leave(names, socket, rooms, index) }
    }

    private func leave(_ names: [Room], _ socket: Socket, _ rooms: LoopRooms, _ index: Int) {
        for room in names where rooms.leave(room, socket) { addInterest(-1, in: room, loop: index) }
    }

    // MARK: Interest

    private func addInterest(_ change: Int, in room: Room, loop: Int) {
        part(of: room).state.withLock { state in
            let interest = (state.rooms[room] ?? .one(loop: loop, count: 0))
                .add(change, loop: loop, loops: self.loops.count)
            state.rooms[room] = interest
            if interest == nil { state.emptied?.append(room) }
        }
    }

    private func interest(in room: Room) -> Interest? { part(of: room).state.withLock { $0.rooms[room] } }

    public func hasMembers(_ room: Room) -> Bool { interest(in: room) != nil }

    public func takeEmptiedRooms() -> [Room] {
        interest.flatMap { part in
            part.state.withLock { state in
                defer { state.emptied = [] }
                return state.emptied ?? []
            }
        }
    }

    private func part(of room: Room) -> InterestTable {
        interest[Int(UInt(bitPattern: room.hashValue) % UInt(interest.count))]
    }

    /// The loops with receivers, including joins in progress.
    private func interested(in target: BroadcastTarget) -> [LoopRooms] {
        if target.rooms.isEmpty { return loops }
        var isInterested = Array(repeating: false, count: loops.count)
        for room in target.rooms {
            interest(in: room)?.forEachLoop { isInterested[$0] = true }
            if let socket = self.socket(room), let (index, _) = loop(of: socket) { isInterested[index] = true }
        }
        return zip(loops, isInterested).compactMap { $1 ? $0 : nil }
    }

    // MARK: Broadcasts

    public func broadcast(_ event: EncodedEvent, to target: BroadcastTarget) {
        for rooms in interested(in: target) {
            rooms.mailbox.hand {
                let event = EncodedEvent(joining: CollectionOfOne(event))
                rooms.forEach(in: target) { $0.deliverBroadcast(event) }
            }
        }
    }

    public func broadcast(
        _ events: [EncodedEvent], or other: EncodedEvent, to target: BroadcastTarget,
        takingOther: @escaping @Sendable (Socket) -> Bool
    ) {
        for rooms in interested(in: target) {
            rooms.mailbox.hand {
                // Most rooms take one form only.
                var plain: EncodedEvent?
                var copy: EncodedEvent?
                rooms.forEach(in: target) { socket in
                    if takingOther(socket) {
                        let event = copy ?? EncodedEvent(joining: CollectionOfOne(other))
                        copy = event
                        socket.deliverBroadcast(event)
                    } else {
                        let event = plain ?? EncodedEvent(joining: events)
                        plain = event
                        socket.deliverBroadcast(event)
                    }
                }
            }
        }
    }

    public func broadcast(_ broadcasts: [RoomBroadcast]) {
        var byLoop: [[RoomBroadcast]] = Array(repeating: [], count: loops.count)
        for broadcast in broadcasts {
            interest(in: broadcast.room)?.forEachLoop { byLoop[$0].append(broadcast) }
        }
        for (rooms, broadcasts) in zip(loops, byLoop) where !broadcasts.isEmpty {
            rooms.mailbox.hand { for broadcast in broadcasts { rooms.broadcast(broadcast) } }
        }
    }

    public func perform(_ operation: BroadcastOperation, on target: BroadcastTarget) {
        // A broadcast after this call finds the loops on which sockets are about to join.
        let joined = operation.joined
        for rooms in interested(in: target) {
            guard let index = loopIndexes[ObjectIdentifier(rooms.eventLoop)] else { continue }
            for room in joined { addInterest(1, in: room, loop: index) }
            rooms.mailbox.hand {
                defer { for room in joined { self.addInterest(-1, in: room, loop: index) } }
                rooms.forEach(in: target) { self.perform(operation, on: $0, rooms, index) }
            }
        }
    }

    private func perform(_ operation: BroadcastOperation, on socket: Socket, _ rooms: LoopRooms, _ index: Int) {
        switch operation {
        case .join(let names):
            for room in names where rooms.join(room, socket) { addInterest(1, in: room, loop: index) }
        case .enter(let room, let event):
            guard rooms.join(room, socket) else { return }
            addInterest(1, in: room, loop: index)
            socket.deliverBroadcast(event)
        case .leave(let names): leave(names, socket, rooms, index)
        case .leaveUnless(let room, let mayStay, let event):
            guard !mayStay(socket), rooms.leave(room, socket) else { return }
            addInterest(-1, in: room, loop: index)
            socket.deliverBroadcast(event)
        case .disconnect(let close): socket.disconnect(close: close)
        case .cutConnection: socket.cutConnection()
        }
    }
}

extension EventLoop {
    /// Runs `body` on the event loop: at once if called there.
    func runNow(_ body: @escaping @Sendable () -> Void) {
        if inEventLoop { body() } else { execute(body) }
    }
}
