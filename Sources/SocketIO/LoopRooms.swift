import NIOCore

/// The sockets of one namespace on one event loop, and the rooms they are in.
///
/// Members are stored in arrays for fast broadcasts. Each socket knows its positions, so leaving takes the same time in
/// a room of any size.
///
/// `@unchecked Sendable`: its state is touched on its event loop only.
final class LoopRooms: @unchecked Sendable {
    let eventLoop: any EventLoop
    let mailbox: LoopMailbox
    private var all: [Socket] = []
    private var ids: [String: Socket] = [:]
    private var rooms: [Room: Members] = [:]
    private var stamp: UInt64 = 0

    /// Most rooms belong to one user or session, with one socket. They need no array.
    private enum Members {
        case one(Socket)
        case many(List)

        final class List {
            var sockets: [Socket]
            init(_ sockets: [Socket]) { self.sockets = sockets }
        }

        func visit(_ body: (Socket) -> Void) {
            switch self {
            case .one(let socket): body(socket)
            case .many(let list): for socket in list.sockets { body(socket) }
            }
        }
    }

    init(eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
        mailbox = LoopMailbox(eventLoop: eventLoop)
    }

    func add(_ socket: Socket) {
        eventLoop.assertInEventLoop()
        socket.membership.position = all.count
        all.append(socket)
        ids[socket.id] = socket
    }

    /// - Returns: The rooms it was in.
    func remove(_ socket: Socket) -> [Room] {
        eventLoop.assertInEventLoop()
        guard let position = socket.membership.position else { return [] }
        socket.membership.position = nil
        ids[socket.id] = nil
        let last = all.removeLast()
        if last !== socket {
            all[position] = last
            last.membership.position = position
        }
        let rooms = Array(socket.membership.rooms.keys)
        return rooms.filter { leave($0, socket) }
    }

    /// - Returns: Whether the socket has joined, and was not in the room before.
    func join(_ room: Room, _ socket: Socket) -> Bool {
        eventLoop.assertInEventLoop()
        guard socket.membership.position != nil, socket.membership.rooms[room] == nil else { return false }
        guard let index = rooms.index(forKey: room) else {
            rooms[room] = .one(socket)
            socket.membership.rooms[room] = 0
            return true
        }
        // The key's copy of the name, so all members share it.
        let name = rooms[index].key
        switch rooms[index].value {
        case .one(let first):
            rooms.values[index] = .many(Members.List([first, socket]))
            socket.membership.rooms[name] = 1
        case .many(let list):
            socket.membership.rooms[name] = list.sockets.count
            list.sockets.append(socket)
        }
        return true
    }

    /// - Returns: Whether the socket was in the room.
    func leave(_ room: Room, _ socket: Socket) -> Bool {
        eventLoop.assertInEventLoop()
        guard let position = socket.membership.rooms.removeValue(forKey: room), let members = rooms[room] else {
            return false
        }
        guard case .many(let list) = members else {
            rooms[room] = nil
            return true
        }
        let last = list.sockets.removeLast()
        if last !== socket {
            list.sockets[position] = last
            last.membership.rooms[room] = position
        }
        if list.sockets.isEmpty { rooms[room] = nil }
        return true
    }

    /// Sends events to a room. They go joined, in one write, except to sockets for which some are held,
    /// dropped or not meant.
    func broadcast(_ broadcast: RoomBroadcast) {
        eventLoop.assertInEventLoop()
        guard let members = rooms[broadcast.room] else { return }
        let joined = EncodedEvent(joining: broadcast.events.lazy.map(\.event))
        self.stamp += 1
        let stamp = self.stamp
        for event in broadcast.events {
            if let id = event.except { ids[id]?.membership.stamp = stamp }
        }
        members.visit { socket in
            if socket.membership.stamp != stamp, !socket.filtersBroadcasts {
                socket.deliver(joined, mayWait: true)
            } else {
                for event in broadcast.events where event.except != socket.id {
                    socket.deliverBroadcast(event.event, subject: event.subject)
                }
            }
        }
    }

    /// Calls `body` once for each target socket.
    func forEach(in target: BroadcastTarget, _ body: (Socket) -> Void) {
        eventLoop.assertInEventLoop()
        if target.except.isEmpty {
            if target.rooms.isEmpty { return all.forEach(body) }
            if target.rooms.count == 1, let members = rooms[target.rooms[0]] {
                return members.visit(body)
            }
        }
        // Sockets that were visited in this broadcast carry its stamp.
        self.stamp += 1
        let stamp = self.stamp
        for room in target.except {
            rooms[room]?.visit { $0.membership.stamp = stamp }
            ids[room]?.membership.stamp = stamp
        }
        let visit = { (socket: Socket) in
            guard socket.membership.stamp != stamp else { return }
            socket.membership.stamp = stamp
            body(socket)
        }
        if target.rooms.isEmpty { return all.forEach(visit) }
        for room in target.rooms {
            rooms[room]?.visit(visit)
            ids[room].map(visit)
        }
    }
}

/// The data that `LoopRooms` keeps on a socket. Touched on the socket's event loop only.
struct Membership {
    /// The position among the namespace's sockets on this event loop, or nil if not connected.
    var position: Int?
    /// The socket's rooms, with its position among their members.
    var rooms: [Room: Int] = [:]
    /// The last broadcast that visited the socket.
    var stamp: UInt64 = 0
}
