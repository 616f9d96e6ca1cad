import EngineIO
import Logging
import NIOCore
import NIOEmbedded
import NIOWebSocket
import RealtimeTesting
import Testing

@testable import SocketIO

/// Namespaces and rooms over WebSockets on embedded channels.
@Suite struct NamespaceTests {
    private let loop = EmbeddedEventLoop()
    private let server: SocketIOServer
    private let sockets = Recorder<Socket>()
    private let disconnects = Recorder<DisconnectReason>()

    init() {
        var configuration = SocketIOConfiguration()
        configuration.limits.maxNamespaces = 2
        configuration.limits.maxPendingAcknowledgements = 1
        server = SocketIOServer(
            configuration: configuration,
            eventLoopGroup: loop,
            logger: Logger(label: "test")
        )
        let (sockets, disconnects) = (self.sockets, self.disconnects)
        let namespace = server.namespace()
        namespace.onConnect { socket in sockets.append(socket) }
        namespace.onDisconnect { _, reason in disconnects.append(reason) }
    }

    private var namespace: Namespace { server.namespace() }

    private func open() throws -> TestConnection {
        let connection = try TestConnection([server.endpoint], loop: self.loop)
        try connection.upgrade("/socket.io/?EIO=4&transport=websocket")
        _ = try connection.received()
        return connection
    }

    private func connect() throws -> (TestConnection, Socket) {
        let connection = try open()
        try connection.sendFrame(.text, "40")
        let socket = try #require(sockets.last)
        #expect(try connection.frames() == [#"40{"sid":"\#(socket.id)"}"#])
        return (connection, socket)
    }

    private func frames(_ connections: TestConnection...) throws -> [[String]] {
        loop.run()
        return try connections.map { try $0.frames() }
    }

    private let one = [JSONFragment(json: "1")]

    // MARK: Rooms

    @Test func reachesRooms() throws {
        let ((a, socketA), (b, socketB), (c, _)) = (try connect(), try connect(), try connect())
        socketA.join("x", "y")
        socketB.join("y")
        namespace.to("x").emit("e", one)
        #expect(try frames(a, b, c) == [[#"42["e",1]"#], [], []])
        namespace.to("x", "y").emit("e", one)
        #expect(try frames(a, b, c) == [[#"42["e",1]"#], [#"42["e",1]"#], []], "once, though in both rooms")
        namespace.emit("e", [])
        #expect(try frames(a, b, c) == [[#"42["e"]"#], [#"42["e"]"#], [#"42["e"]"#]])
        namespace.to("nobody").emit("e", [])
        #expect(try frames(a, b, c) == [[], [], []])
    }

    @Test func leavesOut() throws {
        let ((a, socketA), (b, socketB), (c, socketC)) = (try connect(), try connect(), try connect())
        for socket in [socketA, socketB, socketC] { socket.join("all") }
        socketB.join("some")
        namespace.to("all").except("some").emit("e", [])
        #expect(try frames(a, b, c) == [[#"42["e"]"#], [], [#"42["e"]"#]])
        socketA.to("all").emit("e", [])
        #expect(try frames(a, b, c) == [[], [#"42["e"]"#], [#"42["e"]"#]])
        socketA.broadcast.emit("e", [])
        #expect(try frames(a, b, c) == [[], [#"42["e"]"#], [#"42["e"]"#]])
        namespace.to(socketC.id).emit("e", [])
        #expect(try frames(a, b, c) == [[], [], [#"42["e"]"#]])
        namespace.to("all", socketC.id).except(socketA.id).emit("e", [])
        #expect(try frames(a, b, c) == [[], [#"42["e"]"#], [#"42["e"]"#]])
    }

    @Test func membersComeAndGo() throws {
        let ((a, socketA), (b, socketB), (c, socketC)) = (try connect(), try connect(), try connect())
        for socket in [socketA, socketB, socketC] { socket.join("r", "r") }
        #expect(socketA.rooms == ["r"])
        socketA.leave("r", "other")
        namespace.to("r").emit("e", [])
        #expect(try frames(a, b, c) == [[], [#"42["e"]"#], [#"42["e"]"#]])
        try c.channel.close().wait()
        namespace.to("r").emit("e", [])
        #expect(try frames(a, b) == [[], [#"42["e"]"#]])
        socketB.leave("r")
        socketC.join("r")
        namespace.to("r").emit("e", [])
        #expect(try frames(a, b) == [[], []])
        #expect(namespace.socketCount == 2)
        #expect(namespace.socket(socketC.id) == nil)
    }

    @Test func actsOnMany() throws {
        let ((a, socketA), (b, socketB)) = (try connect(), try connect())
        namespace.to(socketA.id, socketB.id).join("r")
        namespace.except(socketA.id).leave("r")
        #expect(socketA.rooms == ["r"] && socketB.rooms == [])
        namespace.to("r").disconnectSockets()
        namespace.to(socketB.id).disconnectSockets(close: true)
        #expect(try frames(a, b) == [["41"], ["41", "close"]])
        #expect(disconnects.all == [.serverDisconnect, .serverDisconnect])
        #expect(namespace.socketCount == 0)
    }

    @Test func tellsThoseWhoEnterAndThoseWhoMustLeave() throws {
        let ((a, socketA), (b, socketB)) = (try connect(), try connect())
        socketA.join("r")
        let everybody = namespace.to(socketA.id, socketB.id)
        everybody.enter("r", telling: namespace.encode("entered", []))
        namespace.to("r").emit("e", [])
        #expect(try frames(a, b) == [[#"42["e"]"#], [#"42["entered"]"#, #"42["e"]"#]])
        let stays = socketA.id
        namespace.to("r").leave("r", telling: namespace.encode("left", [])) { $0.id == stays }
        namespace.to("r").emit("e", [])
        #expect(try frames(a, b) == [[#"42["e"]"#], [#"42["left"]"#]])
    }

    @Test func notesRoomsThatLostTheirLastMember() throws {
        let ((_, socketA), (b, socketB)) = (try connect(), try connect())
        for socket in [socketA, socketB] { socket.join("r", "s") }
        socketA.leave("s")
        #expect(namespace.takeEmptiedRooms() == [], "nobody had asked")
        #expect(namespace.hasMembers("r"))
        socketA.leave("r")
        #expect(namespace.takeEmptiedRooms() == [])
        try b.channel.close().wait()
        #expect(namespace.takeEmptiedRooms().sorted() == ["r", "s"])
        #expect(namespace.takeEmptiedRooms() == [])
        #expect(!namespace.hasMembers("r"))
        // Nobody is there to join.
        namespace.to(socketB.id).join("t")
        #expect(!namespace.hasMembers("t"))
    }

    // MARK: Events and acknowledgements

    @Test func receivesEventsInOrder() throws {
        let names = Recorder<String>()
        namespace.onEvent { _, event in names.append(event.name) }
        namespace.on("answered") { _, event in event.acknowledgement?(event.arguments) }
        let (connection, _) = try connect()
        try connection.sendFrame(.text, #"42["first"]"#)
        try connection.sendFrame(.text, #"42["second",1]"#)
        try connection.sendFrame(.text, #"4217["answered",1,2]"#)
        #expect(names.all == ["first", "second"])
        #expect(try connection.frames() == ["4317[1,2]"])
    }

    @Test func awaitsAcknowledgements() throws {
        let (connection, socket) = try connect()
        let results = Recorder<Result<AcknowledgementReply, AcknowledgementError>>()
        func ask() {
            socket.emit("ask", [], timeout: .seconds(5)) { result in results.append(result) }
        }
        ask()
        ask()
        #expect(try frames(connection) == [[#"420["ask"]"#]])
        try connection.sendFrame(.text, "437[]")
        try connection.sendFrame(.text, "430[1]")
        try connection.sendFrame(.text, "430[2]")
        ask()
        loop.advanceTime(by: .seconds(5))
        ask()
        try connection.channel.close().wait()
        ask()
        #expect(
            results.all == [
                .failure(.tooManyPending), .success(AcknowledgementReply(arguments: one, attachments: [])),
                .failure(.timeout), .failure(.disconnected), .failure(.disconnected),
            ]
        )
    }

    // MARK: Connecting

    @Test func limitsNamespaces() throws {
        for name in ["/a", "/b"] { _ = server.namespace(name) }
        let (connection, _) = try connect()
        try connection.sendFrame(.text, "40/a,")
        _ = try connection.frames()
        try connection.sendFrame(.text, "40/b,")
        #expect(try connection.frames() == [#"44/b,{"message":"Too many namespaces"}"#])
    }

    @Test func closesWhoJoinsNoNamespace() throws {
        let connection = try open()
        let (other, _) = try connect()
        loop.advanceTime(by: .seconds(25))
        for client in [connection, other] { try client.sendFrame(.text, "3") }
        loop.advanceTime(by: .seconds(20))
        #expect(try connection.frames().last == "close")
        #expect(try other.frames().last != "close")
    }

    @Test func reasonsAreTold() throws {
        let (connection, _) = try connect()
        try connection.sendFrame(.text, "41")
        try connection.sendFrame(.text, "40")
        try connection.sendFrame(.text, "4nonsense")
        #expect(disconnects.all == [.clientDisconnect, .connection(.parseError)])
    }
}
