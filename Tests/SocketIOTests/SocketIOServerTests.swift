import EngineIO
import Foundation
import HTTPTypes
import Logging
import NIOCore
import NIOPosix
import RealtimeTesting
import Testing

@testable import SocketIO

/// Whole servers on real sockets and several event loops.
@Suite(.serialized, .timeLimit(.minutes(5))) struct SocketIOServerTests {
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 4)

    private func withServer(
        _ configuration: SocketIOConfiguration = .init(),
        prepare: (Namespace) -> Void = { _ in },
        body: (SocketIOServer, Int) async throws -> Void
    ) async throws {
        let server = SocketIOServer(
            configuration: configuration,
            eventLoopGroup: self.group,
            logger: Logger(label: "test")
        )
        prepare(server.namespace())
        let listener = try await RealtimeListener(endpoints: [server.endpoint], group: self.group)
        do {
            try await body(server, listener.port)
        } catch {
            try await listener.close()
            throw error
        }
        await server.shutdown()
        try await listener.close()
        try await self.group.shutdownGracefully()
    }

    private let path = "/socket.io/?EIO=4&transport=websocket"

    // MARK: Admission of handshakes

    @Test func refusesHandshakes() async throws {
        var configuration = SocketIOConfiguration()
        configuration.engine.admission = { request in
            await Task.yield()
            return request.origin == "https://good.example"
                ? nil : HandshakeRefusal(status: .unauthorized, message: "not from \(request.origin ?? "there")")
        }
        try await withServer(configuration) { server, port in
            let refused = try await TestClient(port: port, group: self.group)
            let answer = try await refused.upgrade(path, headers: ["Origin: https://evil.example"])
            #expect(answer.hasPrefix("HTTP/1.1 401 "))
            #expect(answer.hasSuffix(#"{"code":4,"message":"not from https://evil.example"}"#))
            let admitted = try await TestClient(port: port, group: self.group)
            let accepted = try await admitted.upgrade(path, headers: ["Origin: https://good.example"])
            #expect(accepted.hasPrefix("HTTP/1.1 101 "))
            #expect(server.connectionCount == 1)
            #expect(server.engine.metrics.refusedRequests == 1)
        }
    }

    @Test func anAdmissionThatHangsIsAnswered() async throws {
        var configuration = SocketIOConfiguration()
        configuration.engine.admissionTimeout = .milliseconds(50)
        let gate = AsyncStream.makeStream(of: Void.self)
        configuration.engine.admission = { _ in
            for await _ in gate.stream {}
            return nil
        }
        try await withServer(configuration) { server, port in
            let client = try await TestClient(port: port, group: self.group)
            let answer = try await client.upgrade(path)
            #expect(answer.hasPrefix("HTTP/1.1 503 "))
            #expect(answer.contains("Retry-After: 5"))
            gate.continuation.finish()
            #expect(server.connectionCount == 0)
        }
    }

    @Test func boundsHandshakesUnderWay() async throws {
        var configuration = SocketIOConfiguration()
        configuration.engine.maxPendingHandshakes = 1
        let gate = AsyncStream.makeStream(of: Void.self)
        let entered = AsyncStream.makeStream(of: Void.self)
        configuration.engine.admission = { _ in
            entered.continuation.yield()
            for await _ in gate.stream {}
            return nil
        }
        try await withServer(configuration) { _, port in
            let first = try await TestClient(port: port, group: self.group)
            async let answer = first.upgrade(path)
            for await _ in entered.stream { break }
            let second = try await TestClient(port: port, group: self.group)
            #expect(try await second.upgrade(path).hasPrefix("HTTP/1.1 503 "))
            gate.continuation.finish()
            #expect(try await answer.hasPrefix("HTTP/1.1 101 "))
        }
    }

    // MARK: Admission to namespaces

    @Test func admitsToNamespaces() async throws {
        struct User: Sendable { var name: String }
        struct Auth: Decodable { var token: String }
        let prepare = { (namespace: Namespace) in
            namespace.onAdmission { request in
                await Task.yield()
                guard let auth: Auth = try? request.auth.decode(), auth.token == "secret" else {
                    return .refuse(message: "Unauthorized", data: JSONFragment(json: #"{"code":"unauthenticated"}"#))
                }
                return .accept(userInfo: User(name: "ada"))
            }
            namespace.onConnect { socket in
                try? socket.emit("hello", (socket.userInfo as? User)?.name ?? "nobody")
            }
        }
        try await withServer(prepare: prepare) { _, port in
            let client = try await TestClient(port: port, group: self.group)
            _ = try await client.upgrade(path)
            #expect(try await client.frame().hasPrefix("0{"))
            try await client.send("40")
            #expect(
                try await client.frame() == #"44{"message":"Unauthorized","data":{"code":"unauthenticated"}}"#
            )
            try await client.send(#"40{"token":"secret"}"#)
            #expect(try await client.frame().hasPrefix("40{"))
            #expect(try await client.frame() == #"42["hello","ada"]"#)
        }
    }

    // MARK: Order

    /// Sockets on four event loops get what one task emits in its order, and join before what is emitted after.
    @Test func keepsOrderAcrossEventLoops() async throws {
        let connected = AsyncStream.makeStream(of: Socket.self)
        let prepare = { (namespace: Namespace) in
            namespace.onConnect { socket in connected.continuation.yield(socket) }
        }
        try await withServer(prepare: prepare) { server, port in
            var clients: [TestClient] = []
            var sockets: [Socket] = []
            var arrivals = connected.stream.makeAsyncIterator()
            for _ in 0..<12 {
                let client = try await TestClient(port: port, group: self.group)
                _ = try await client.upgrade(path)
                _ = try await client.frame()
                try await client.send("40")
                _ = try await client.frame()
                clients.append(client)
                sockets.append(try #require(await arrivals.next()))
            }
            #expect(Set(sockets.map { ObjectIdentifier($0.eventLoop) }).count > 1)
            let namespace = server.namespace()
            for number in 0..<200 {
                let room = "room \(number % 3)"
                for (index, socket) in sockets.enumerated() where index % 3 == number % 3 { socket.join(room) }
                namespace.to(room).emit("n", [JSONFragment(json: "\(number)")])
                for (index, socket) in sockets.enumerated() where index % 3 == number % 3 { socket.leave(room) }
                namespace.to(room).emit("nobody", [])
            }
            for (index, client) in clients.enumerated() {
                for number in 0..<200 where number % 3 == index % 3 {
                    #expect(try await client.frame() == #"42["n",\#(number)]"#)
                }
            }
        }
    }

    // MARK: Rooms' events together

    /// Each socket gets a room's events in their order, without those that are not for it; one that kept broadcasts back
    /// gets them when it is released, without those it has had otherwise.
    @Test func emitsSeveralEventsToARoom() async throws {
        let connected = AsyncStream.makeStream(of: Socket.self)
        let prepare = { (namespace: Namespace) in
            namespace.onConnect { socket in
                socket.holdBroadcasts()
                socket.join("room")
                connected.continuation.yield(socket)
            }
        }
        try await withServer(prepare: prepare) { server, port in
            var arrivals = connected.stream.makeAsyncIterator()
            var clients: [TestClient] = []
            var sockets: [Socket] = []
            for _ in 0..<4 {
                let client = try await TestClient(port: port, group: self.group)
                _ = try await client.upgrade(path)
                _ = try await client.frame()
                try await client.send("40")
                _ = try await client.frame()
                clients.append(client)
                sockets.append(try #require(await arrivals.next()))
            }
            sockets[0].releaseBroadcasts()
            sockets[1].releaseBroadcasts()
            // It has this event, whose broadcast is still to come.
            sockets[3].releaseBroadcasts(except: ["2": 7])
            let namespace = server.namespace()
            func event(_ number: Int, except: String? = nil) -> RoomEvent {
                RoomEvent(
                    namespace.encode("e", [JSONFragment(json: "\(number)")]), except: except,
                    subject: EventSubject(id: "\(number)", version: 7))
            }
            namespace.emit([
                RoomBroadcast(room: "room", events: [event(1), event(2, except: sockets[1].id), event(3)]),
                RoomBroadcast(room: "empty", events: [event(9)]),
                RoomBroadcast(room: "room", events: [event(4)]),
            ])
            sockets[2].releaseBroadcasts(except: ["1": 7, "3": 8])
            for (client, numbers) in zip(clients, [[1, 2, 3, 4], [1, 3, 4], [2, 4], [1, 3, 4]]) {
                for number in numbers { #expect(try await client.frame() == "42[\"e\",\(number)]") }
            }
        }
    }

    /// What a socket was told of before the live events leaves out those that are not newer. What would tell of it as new
    /// tells of its change.
    @Test func judgesEventsByTheirVersions() async throws {
        let connected = AsyncStream.makeStream(of: Socket.self)
        let prepare = { (namespace: Namespace) in
            namespace.onConnect { socket in
                socket.holdBroadcasts()
                socket.join("room")
                connected.continuation.yield(socket)
            }
        }
        try await withServer(prepare: prepare) { server, port in
            var arrivals = connected.stream.makeAsyncIterator()
            let client = try await TestClient(port: port, group: self.group)
            _ = try await client.upgrade(path)
            _ = try await client.frame()
            try await client.send("40")
            _ = try await client.frame()
            let socket = try #require(await arrivals.next())
            let namespace = server.namespace()
            func emit(_ name: String, _ id: String, _ version: Int, change: String? = nil) {
                let subject = EventSubject(id: id, version: version, change: change.map { namespace.encode($0, []) })
                namespace.emit([
                    RoomBroadcast(room: "room", events: [RoomEvent(namespace.encode(name, []), subject: subject)])
                ])
            }
            emit("held", "a", 4)
            emit("held", "b", 4)
            socket.releaseBroadcasts(except: ["a": 5])
            emit("old", "a", 5)
            emit("new", "a", 6, change: "change")
            emit("old", "a", 6)
            emit("changed", "a", 7)
            emit("another", "c", 1)
            for name in ["held", "change", "changed", "another"] {
                #expect(try await client.frame() == "42[\"\(name)\"]")
            }
        }
    }

    /// Two broadcasts reach everybody in the order in which they were made, also if the later one is made on an event
    /// loop that has not come to the earlier one yet.
    @Test func aBroadcastOnAnEventLoopDoesNotOvertake() async throws {
        let connected = AsyncStream.makeStream(of: Socket.self)
        let prepare = { (namespace: Namespace) in
            namespace.onConnect { socket in
                socket.join("room")
                connected.continuation.yield(socket)
            }
        }
        try await withServer(prepare: prepare) { server, port in
            var arrivals = connected.stream.makeAsyncIterator()
            let client = try await TestClient(port: port, group: self.group)
            _ = try await client.upgrade(path)
            _ = try await client.frame()
            try await client.send("40")
            _ = try await client.frame()
            let socket = try #require(await arrivals.next())
            let namespace = server.namespace()
            socket.eventLoop.execute {
                let done = DispatchSemaphore(value: 0)
                Thread.detachNewThread {
                    namespace.emit([RoomBroadcast(room: "room", events: [RoomEvent(namespace.encode("first", []))])])
                    namespace.to("room").emit("second", [])
                    done.signal()
                }
                done.wait()
                namespace.emit([RoomBroadcast(room: "room", events: [RoomEvent(namespace.encode("third", []))])])
                namespace.to("room").emit("fourth", [])
            }
            for name in ["first", "second", "third", "fourth"] {
                #expect(try await client.frame() == "42[\"\(name)\"]")
            }
        }
    }

    /// Whoever is told to join a room gets what is sent to it afterwards, though the joining is still on its way.
    @Test func aBroadcastFollowsWhoeverJoinsTheRoom() async throws {
        let connected = AsyncStream.makeStream(of: Socket.self)
        let prepare = { (namespace: Namespace) in namespace.onConnect { connected.continuation.yield($0) } }
        try await withServer(prepare: prepare) { server, port in
            var arrivals = connected.stream.makeAsyncIterator()
            let client = try await TestClient(port: port, group: self.group)
            _ = try await client.upgrade(path)
            _ = try await client.frame()
            try await client.send("40")
            _ = try await client.frame()
            let socket = try #require(await arrivals.next())
            let namespace = server.namespace()
            for number in 0..<50 {
                let room = "room \(number)"
                namespace.to(socket.id).join(room)
                let event = RoomEvent(namespace.encode("e", [JSONFragment(json: "\(number)")]))
                namespace.emit([RoomBroadcast(room: room, events: [event])])
            }
            for number in 0..<50 { #expect(try await client.frame() == "42[\"e\",\(number)]") }
        }
    }

    // MARK: Cut connections

    /// Cut, and not sent away: after a disconnect packet a client would not connect again by itself.
    @Test func cutsConnections() async throws {
        var configuration = SocketIOConfiguration()
        configuration.limits.maxHeldBytes = 100
        let connected = AsyncStream.makeStream(of: Socket.self)
        let prepare = { (namespace: Namespace) in
            namespace.onConnect { socket in
                socket.holdBroadcasts()
                connected.continuation.yield(socket)
            }
        }
        let large = JSONFragment(json: "\"\(String(repeating: "x", count: 100))\"")
        try await withServer(configuration, prepare: prepare) { server, port in
            var arrivals = connected.stream.makeAsyncIterator()
            let ways: [(Socket) -> Void] = [
                // More is kept back from it than may be.
                { $0.namespace.emit("event", [large]) },
                { $0.namespace.to($0.id).cutConnections() },
                { $0.cutConnection() },
            ]
            for cut in ways {
                let client = try await TestClient(port: port, group: self.group)
                _ = try await client.upgrade(path)
                _ = try await client.frame()
                try await client.send("40")
                _ = try await client.frame()
                cut(try #require(await arrivals.next()))
                #expect(try await client.frame().hasSuffix(CloseReason.forcedClose.rawValue))
            }
        }
    }

    // MARK: Typed handlers and acknowledgements

    @Test func typedHandlersRunInOrder() async throws {
        struct Sum: Codable, Sendable { var a: Int, b: Int }
        let prepare = { (namespace: Namespace) in
            namespace.on("add", of: Sum.self) { _, sum in
                // The later ones would overtake the earlier, if they could.
                for _ in 0..<(100 - sum.a) { await Task.yield() }
                return sum.a + sum.b
            }
        }
        try await withServer(prepare: prepare) { _, port in
            let client = try await TestClient(port: port, group: self.group)
            _ = try await client.upgrade(path)
            _ = try await client.frame()
            try await client.send("40")
            _ = try await client.frame()
            for number in 0..<50 { try await client.send(#"42\#(number)["add",{"a":\#(number),"b":1}]"#) }
            for number in 0..<50 { #expect(try await client.frame() == "43\(number)[\(number + 1)]") }
        }
    }

    @Test func awaitsAcknowledgements() async throws {
        let connected = AsyncStream.makeStream(of: Socket.self)
        let prepare = { (namespace: Namespace) in
            namespace.onConnect { socket in connected.continuation.yield(socket) }
        }
        try await withServer(prepare: prepare) { _, port in
            let client = try await TestClient(port: port, group: self.group)
            _ = try await client.upgrade(path)
            _ = try await client.frame()
            try await client.send("40")
            _ = try await client.frame()
            var arrivals = connected.stream.makeAsyncIterator()
            let socket = try #require(await arrivals.next())
            async let reply = socket.emitWithAck("ask", [JSONFragment(json: "1")], timeout: .seconds(60))
            #expect(try await client.frame() == #"420["ask",1]"#)
            try await client.send(#"430["answer"]"#)
            #expect(try await reply.arguments == [JSONFragment(json: "\"answer\"")])
            await #expect(throws: AcknowledgementError.timeout) {
                try await socket.emitWithAck("ask", [], timeout: .milliseconds(10))
            }
            #expect(try await client.frame() == #"421["ask"]"#)
            // Too late, and once more: nothing.
            for id in [1, 0] { try await client.send("43\(id)[]") }
            socket.emit("still", [JSONFragment(json: "1")])
            #expect(try await client.frame() == #"42["still",1]"#)
        }
    }

    @Test func boundsWhatIsAskedForInVain() async throws {
        var configuration = SocketIOConfiguration()
        configuration.limits.maxRefusals = 2
        try await withServer(configuration) { _, port in
            let client = try await TestClient(port: port, group: self.group)
            _ = try await client.upgrade(path)
            _ = try await client.frame()
            try await client.send("40")
            _ = try await client.frame()
            // An answer to what nobody asked, of an earlier connection perhaps.
            try await client.send("430[]")
            for _ in 0..<2 { try await client.send("40/nowhere,") }
            #expect(try await client.frame() == #"44/nowhere,{"message":"Invalid namespace"}"#)
            #expect(try await client.frame().hasSuffix("forced close"))
        }
    }

    // MARK: Shutdown

    @Test func shutsDownWithinABound() async throws {
        try await withServer { server, port in
            var clients: [TestClient] = []
            for _ in 0..<20 {
                let client = try await TestClient(port: port, group: self.group)
                _ = try await client.upgrade(path)
                _ = try await client.frame()
                clients.append(client)
            }
            #expect(server.connectionCount == 20)
            await server.shutdown()
            #expect(server.connectionCount == 0)
            let late = try await TestClient(port: port, group: self.group)
            #expect(try await late.upgrade(path).hasPrefix("HTTP/1.1 503 "))
        }
    }
}
