import EngineIO
import Logging
import NIOConcurrencyHelpers
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
    private let sockets = NIOLockedValueBox<[Socket]>([])
    private let disconnects = NIOLockedValueBox<[DisconnectReason]>([])

    init() {
        var configuration = SocketIOConfiguration()
        configuration.limits.maxNamespaces = 2
        configuration.limits.maxPendingAcknowledgements = 1
        self.server = SocketIOServer(
            configuration: configuration,
            eventLoopGroup: self.loop,
            logger: Logger(label: "test")
        )
        let (sockets, disconnects) = (self.sockets, self.disconnects)
        let namespace = self.server.namespace()
        namespace.onConnect { socket in sockets.withLockedValue { $0.append(socket) } }
        namespace.onDisconnect { _, reason in disconnects.withLockedValue { $0.append(reason) } }
    }

    private var namespace: Namespace { self.server.namespace() }

    private func open() throws -> TestConnection {
        let connection = try TestConnection([self.server.endpoint], loop: self.loop)
        try connection.upgrade("/socket.io/?EIO=4&transport=websocket")
        _ = try connection.received()
        return connection
    }

    private func connect() throws -> (TestConnection, Socket) {
        let connection = try self.open()
        try connection.sendFrame(.text, "40")
        let socket = try #require(self.sockets.withLockedValue { $0.last })
        #expect(try connection.frames() == [#"40{"sid":"\#(socket.id)"}"#])
        return (connection, socket)
    }

    private func frames(_ connections: TestConnection...) throws -> [[String]] {
        self.loop.run()
        return try connections.map { try $0.frames() }
    }

    private let one = [JSONFragment(json: "1")]

    // MARK: Rooms

    @Test func reachesRooms() throws {
        let ((a, socketA), (b, socketB), (c, _)) = (try self.connect(), try self.connect(), try self.connect())
        socketA.join("x", "y")
        socketB.join("y")
        self.namespace.to("x").emit("e", self.one)
        #expect(try self.frames(a, b, c) == [[#"42["e",1]"#], [], []])
        self.namespace.to("x", "y").emit("e", self.one)
        #expect(try self.frames(a, b, c) == [[#"42["e",1]"#], [#"42["e",1]"#], []], "once, though in both rooms")
        self.namespace.emit("e", [])
        #expect(try self.frames(a, b, c) == [[#"42["e"]"#], [#"42["e"]"#], [#"42["e"]"#]])
        self.namespace.to("nobody").emit("e", [])
        #expect(try self.frames(a, b, c) == [[], [], []])
    }

    @Test func leavesOut() throws {
        let ((a, socketA), (b, socketB), (c, socketC)) = (try self.connect(), try self.connect(), try self.connect())
        for socket in [socketA, socketB, socketC] { socket.join("all") }
        socketB.join("some")
        self.namespace.to("all").except("some").emit("e", [])
        #expect(try self.frames(a, b, c) == [[#"42["e"]"#], [], [#"42["e"]"#]])
        socketA.to("all").emit("e", [])
        #expect(try self.frames(a, b, c) == [[], [#"42["e"]"#], [#"42["e"]"#]])
        socketA.broadcast.emit("e", [])
        #expect(try self.frames(a, b, c) == [[], [#"42["e"]"#], [#"42["e"]"#]])
        self.namespace.to(socketC.id).emit("e", [])
        #expect(try self.frames(a, b, c) == [[], [], [#"42["e"]"#]])
        self.namespace.to("all", socketC.id).except(socketA.id).emit("e", [])
        #expect(try self.frames(a, b, c) == [[], [#"42["e"]"#], [#"42["e"]"#]])
    }

    @Test func membersComeAndGo() throws {
        let ((a, socketA), (b, socketB), (c, socketC)) = (try self.connect(), try self.connect(), try self.connect())
        for socket in [socketA, socketB, socketC] { socket.join("r", "r") }
        #expect(socketA.rooms == ["r"])
        socketA.leave("r", "other")
        self.namespace.to("r").emit("e", [])
        #expect(try self.frames(a, b, c) == [[], [#"42["e"]"#], [#"42["e"]"#]])
        try c.channel.close().wait()
        self.namespace.to("r").emit("e", [])
        #expect(try self.frames(a, b) == [[], [#"42["e"]"#]])
        socketB.leave("r")
        socketC.join("r")
        self.namespace.to("r").emit("e", [])
        #expect(try self.frames(a, b) == [[], []])
        #expect(self.namespace.socketCount == 2)
        #expect(self.namespace.socket(socketC.id) == nil)
    }

    @Test func actsOnMany() throws {
        let ((a, socketA), (b, socketB)) = (try self.connect(), try self.connect())
        self.namespace.to(socketA.id, socketB.id).join("r")
        self.namespace.except(socketA.id).leave("r")
        #expect(socketA.rooms == ["r"] && socketB.rooms == [])
        self.namespace.to("r").disconnectSockets()
        self.namespace.to(socketB.id).disconnectSockets(close: true)
        #expect(try self.frames(a, b) == [["41"], ["41", "close"]])
        #expect(self.disconnects.withLockedValue { $0 } == [.serverDisconnect, .serverDisconnect])
        #expect(self.namespace.socketCount == 0)
    }

    // MARK: Events and acknowledgements

    @Test func receivesEventsInOrder() throws {
        let names = NIOLockedValueBox<[String]>([])
        self.namespace.onEvent { _, event in names.withLockedValue { $0.append(event.name) } }
        self.namespace.on("answered") { _, event in event.acknowledgement?(event.arguments) }
        let (connection, _) = try self.connect()
        try connection.sendFrame(.text, #"42["first"]"#)
        try connection.sendFrame(.text, #"42["second",1]"#)
        try connection.sendFrame(.text, #"4217["answered",1,2]"#)
        #expect(names.withLockedValue { $0 } == ["first", "second"])
        #expect(try connection.frames() == ["4317[1,2]"])
    }

    @Test func awaitsAcknowledgements() throws {
        let (connection, socket) = try self.connect()
        let results = NIOLockedValueBox<[Result<AcknowledgementReply, AcknowledgementError>]>([])
        func ask() {
            socket.emit("ask", [], timeout: .seconds(5)) { result in results.withLockedValue { $0.append(result) } }
        }
        ask()
        ask()
        #expect(try self.frames(connection) == [[#"420["ask"]"#]])
        try connection.sendFrame(.text, "437[]")
        try connection.sendFrame(.text, "430[1]")
        try connection.sendFrame(.text, "430[2]")
        ask()
        self.loop.advanceTime(by: .seconds(5))
        ask()
        try connection.channel.close().wait()
        ask()
        #expect(
            results.withLockedValue { $0 } == [
                .failure(.tooManyPending), .success(AcknowledgementReply(arguments: self.one, attachments: [])),
                .failure(.timeout), .failure(.disconnected), .failure(.disconnected),
            ]
        )
    }

    // MARK: Connecting

    @Test func limitsNamespaces() throws {
        for name in ["/a", "/b"] { _ = self.server.namespace(name) }
        let (connection, _) = try self.connect()
        try connection.sendFrame(.text, "40/a,")
        _ = try connection.frames()
        try connection.sendFrame(.text, "40/b,")
        #expect(try connection.frames() == [#"44/b,{"message":"Too many namespaces"}"#])
    }

    @Test func closesWhoJoinsNoNamespace() throws {
        let connection = try self.open()
        let (other, _) = try self.connect()
        self.loop.advanceTime(by: .seconds(25))
        for client in [connection, other] { try client.sendFrame(.text, "3") }
        self.loop.advanceTime(by: .seconds(20))
        #expect(try connection.frames().last == "close")
        #expect(try other.frames().last != "close")
    }

    @Test func reasonsAreTold() throws {
        let (connection, _) = try self.connect()
        try connection.sendFrame(.text, "41")
        try connection.sendFrame(.text, "40")
        try connection.sendFrame(.text, "4nonsense")
        #expect(self.disconnects.withLockedValue { $0 } == [.clientDisconnect, .connection(.parseError)])
    }
}
