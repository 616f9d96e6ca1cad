import Logging
import NIOEmbedded
import NIOWebSocket
import RealtimeTesting
import Testing

@testable import SocketIO

/// The rooms of one event loop, with sockets that no adapter knows.
@Suite struct LoopRoomsTests {
    private let loop = EmbeddedEventLoop()
    private let rooms: LoopRooms
    private let connections: [TestConnection]
    private let sockets: [Socket]

    init() throws {
        let loop = loop
        rooms = LoopRooms(eventLoop: loop)
        let server = SocketIOServer(
            eventLoopGroup: loop, logger: Logger(label: "test"), makeAdapter: { _, _ in NoAdapter() })
        let connected = Recorder<Socket>()
        server.namespace().onConnect { socket in connected.append(socket) }
        connections = try (0..<4).map { _ in
            let connection = try TestConnection([server.endpoint], loop: loop)
            try connection.upgrade("/socket.io/?EIO=4&transport=websocket")
            try connection.sendFrame(.text, "40")
            _ = try connection.received()
            return connection
        }
        sockets = connected.all
        try #require(sockets.count == 4)
        for socket in sockets { rooms.add(socket) }
    }

    /// The sockets that a broadcast means, by their number, each as often as it is visited.
    private func reached(_ target: BroadcastTarget) -> [Int] {
        var reached: [Int] = []
        rooms.forEach(in: target) { socket in
            if let number = sockets.firstIndex(where: { $0 === socket }) { reached.append(number) }
        }
        return reached.sorted()
    }

    private func join(_ room: Room, _ numbers: Int...) {
        for number in numbers { #expect(rooms.join(room, sockets[number])) }
    }

    @Test func aTargetWithoutRoomsIsEverybody() {
        #expect(reached(.init()) == [0, 1, 2, 3])
        #expect(reached(.init(except: [sockets[1].id])) == [0, 2, 3])
    }

    @Test func aSocketInSeveralRoomsIsMeantOnce() {
        join("a", 0, 1, 2)
        join("b", 1, 2, 3)
        #expect(reached(.init(rooms: ["a"])) == [0, 1, 2])
        #expect(reached(.init(rooms: ["a", "b"])) == [0, 1, 2, 3])
        #expect(reached(.init(rooms: ["a", sockets[0].id])) == [0, 1, 2])
        #expect(reached(.init(rooms: ["a", "b"], except: ["a"])) == [3])
        #expect(reached(.init(rooms: ["a"], except: ["b", sockets[0].id])) == [])
        #expect(reached(.init(rooms: [sockets[3].id])) == [3], "an id is a room of one")
        #expect(reached(.init(rooms: ["nobody"])) == [])
    }

    @Test func joiningTwiceAndLeavingWhatOneIsNotInChangeNothing() {
        join("a", 0)
        #expect(!rooms.join("a", sockets[0]))
        #expect(!rooms.leave("a", sockets[1]))
        #expect(!rooms.leave("b", sockets[0]))
        #expect(reached(.init(rooms: ["a"])) == [0])
        #expect(rooms.leave("a", sockets[0]))
        #expect(reached(.init(rooms: ["a"])) == [])
    }

    /// Members stand in arrays: who leaves is replaced by the last one, whose place has to be known after that.
    @Test func membersLeaveInAnyOrder() {
        for order in [[0, 1, 2, 3], [3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1]] {
            join("a", 0, 1, 2, 3)
            var left: Set<Int> = []
            for number in order {
                #expect(rooms.leave("a", sockets[number]))
                left.insert(number)
                #expect(reached(.init(rooms: ["a"])) == (0..<4).filter { !left.contains($0) })
            }
        }
    }

    @Test func whoIsRemovedIsInNoRoomAndJoinsNone() {
        join("a", 0, 1)
        join("b", 0)
        #expect(Set(rooms.remove(sockets[0])) == ["a", "b"])
        #expect(rooms.remove(sockets[0]) == [])
        #expect(!rooms.join("a", sockets[0]))
        #expect(reached(.init()) == [1, 2, 3])
        #expect(reached(.init(rooms: ["a", "b"])) == [1])
        #expect(reached(.init(rooms: [sockets[0].id])) == [])
        rooms.add(sockets[0])
        join("a", 0)
        #expect(reached(.init(rooms: ["a"])) == [0, 1])
    }

    @Test func aBroadcastOfSeveralEventsLeavesOutWhoIsExceptedFromEach() throws {
        let namespace = sockets[0].namespace
        join("a", 0, 1, 2)
        let events = ["first", "second"].map { namespace.encode($0, [], attachments: []) }
        rooms.broadcast(
            RoomBroadcast(
                room: "a",
                events: [RoomEvent(events[0], except: sockets[0].id), RoomEvent(events[1], except: sockets[1].id)]))
        rooms.broadcast(RoomBroadcast(room: "nobody", events: [RoomEvent(events[0])]))
        loop.run()
        let (first, second) = (#"42["first"]"#, #"42["second"]"#)
        #expect(try connections.map { try $0.frames() } == [[second], [first], [first, second], []])
    }
}

/// Leaves the sockets to the test.
private struct NoAdapter: Adapter {
    func add(_ socket: Socket) {}
    func remove(_ socket: Socket) {}
    func join(_ rooms: [Room], _ socket: Socket) {}
    func leave(_ rooms: [Room], _ socket: Socket) {}
    func broadcast(_ event: EncodedEvent, to target: BroadcastTarget) {}
    func broadcast(
        _ events: [EncodedEvent], or other: EncodedEvent, to target: BroadcastTarget,
        takingOther: @escaping @Sendable (Socket) -> Bool
    ) {}
    func broadcast(_ broadcasts: [RoomBroadcast]) {}
    func perform(_ operation: BroadcastOperation, on target: BroadcastTarget) {}
    func hasMembers(_ room: Room) -> Bool { false }
    func takeEmptiedRooms() -> [Room] { [] }
    func socket(_ id: String) -> Socket? { nil }
    var socketCount: Int { 0 }
}
