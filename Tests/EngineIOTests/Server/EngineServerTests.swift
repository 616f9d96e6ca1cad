import Logging
import NIOCore
import NIOEmbedded
import NIOWebSocket
import RealtimeTesting
import Testing

@testable import EngineIO

/// The transports, byte by byte, on embedded channels.
@Suite struct EngineServerTests {
    private let loop = EmbeddedEventLoop()
    private let delegates = Recorder<RecordingDelegate>()
    private let server: EngineServer

    init() {
        let delegates = self.delegates
        server = EngineServer(
            configuration: EngineConfiguration(),
            eventLoopGroup: loop,
            logger: Logger(label: "test")
        ) { session in
            let delegate = RecordingDelegate(session: session)
            delegates.append(delegate)
            return delegate
        }
    }

    @Test func aServerThatTakesNoSessionsKeepsThoseItHas() throws {
        let connection = try connect()
        let delegate = try open(connection)
        server.setAccepting(false)
        let other = try connect()
        try other.request("/engine.io/?EIO=4&transport=polling")
        #expect(try other.response()?.status == 503)
        try connection.request(poll(delegate.session.id), method: "POST", body: "4hello")
        #expect(try connection.response()?.body == "ok")
        server.setAccepting(true)
        try other.request("/engine.io/?EIO=4&transport=polling")
        #expect(try other.response()?.status == 200)
    }

    @Test func idsBeginWithThePrefix() throws {
        var configuration = EngineConfiguration()
        configuration.sessionIDPrefix = { "12-" }
        let delegates = Recorder<RecordingDelegate>()
        let server = EngineServer(
            configuration: configuration, eventLoopGroup: loop, logger: Logger(label: "test")
        ) { session in
            let delegate = RecordingDelegate(session: session)
            delegates.append(delegate)
            return delegate
        }
        let connection = try TestConnection([.engineIO(server)], loop: loop)
        try connection.request("/engine.io/?EIO=4&transport=polling")
        let answer = try #require(try connection.response())
        let id = try #require(delegates.last?.session.id)
        #expect(id.hasPrefix("12-") && id.count == 23 && answer.body.contains("\"sid\":\"\(id)\""))
        try connection.request(poll(id), method: "POST", body: "4hello")
        #expect(try connection.response()?.body == "ok")
    }

    private func connect() throws -> TestConnection {
        try TestConnection([.engineIO(server)], loop: self.loop)
    }

    private var delegate: RecordingDelegate? { delegates.last }

    private func poll(_ sid: String) -> String { "/engine.io/?EIO=4&transport=polling&sid=\(sid)" }

    /// Opens a polling session.
    private func open(_ connection: TestConnection) throws -> RecordingDelegate {
        try connection.request("/engine.io/?EIO=4&transport=polling")
        #expect(try connection.response()?.status == 200)
        return try #require(delegate)
    }

    private func openWebSocket(_ connection: TestConnection) throws -> RecordingDelegate {
        try connection.upgrade("/engine.io/?EIO=4&transport=websocket")
        let answer = try connection.received()
        let text = String(decoding: answer.readableBytesView, as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 101 "))
        // The example of RFC 6455, section 1.3.
        #expect(text.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
        #expect(text.contains("0{\"sid\""))
        return try #require(delegate)
    }

    @Test func polls() throws {
        let (connection, other) = (try connect(), try connect())
        let delegate = try open(connection)
        let sid = delegate.session.id
        try connection.request(poll(sid))
        #expect(try connection.response() == nil)
        delegate.session.send(EncodedPacket(text: ByteBuffer(string: "a")))
        delegate.session.send(EncodedPacket(text: ByteBuffer(string: "b")))
        #expect(try connection.response() == nil, "what is sent in one tick leaves together")
        loop.run()
        #expect(try connection.response()?.body == "4a\u{1e}4b")
        try other.request(poll(sid), method: "POST", body: "4hello\u{1e}4again")
        #expect(try other.response()?.body == "ok")
        #expect(delegate.messages == ["hello", "again"].map { .text(ByteBuffer(string: $0)) })
        #expect(server.metrics.deliveries == 3)
    }

    @Test func aPollThatIsCancelledEndsTheSession() throws {
        let connection = try connect()
        let delegate = try open(connection)
        try connection.request(poll(delegate.session.id))
        connection.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        loop.run()
        #expect(delegate.closed == .transportError)
        #expect(!connection.isOpen)
        #expect(server.sessionCount == 0)
    }

    @Test func heartbeatOverPolling() throws {
        let connection = try connect()
        let delegate = try open(connection)
        try connection.request(poll(delegate.session.id))
        loop.advanceTime(by: .seconds(25))
        #expect(try connection.response()?.body == "2")
        loop.advanceTime(by: .seconds(20) - .nanoseconds(1))
        #expect(delegate.closed == nil)
        loop.advanceTime(by: .nanoseconds(1))
        #expect(delegate.closed == .pingTimeout)
    }

    @Test func heartbeatOverWebSocket() throws {
        let connection = try connect()
        let delegate = try openWebSocket(connection)
        for _ in 0..<5 {
            loop.advanceTime(by: .seconds(25))
            #expect(try connection.frames() == ["2"])
            loop.advanceTime(by: .seconds(19))
            try connection.sendFrame(.text, "3")
        }
        #expect(delegate.closed == nil)
        loop.advanceTime(by: .seconds(45))
        #expect(delegate.closed == .pingTimeout)
        #expect(try connection.frames() == ["2", "close"])
        loop.advanceTime(by: .seconds(3))
        #expect(!connection.isOpen)
    }

    @Test func framesOfOneTickAreFlushedTogether() throws {
        let connection = try connect()
        let delegate = try openWebSocket(connection)
        delegate.session.send(EncodedPacket(text: ByteBuffer(string: "a")))
        delegate.session.send(EncodedPacket(text: ByteBuffer(string: "b")))
        #expect(try connection.frames() == [])
        loop.run()
        #expect(try connection.frames() == ["4a", "4b"])
    }

    @Test func upgrades() throws {
        let (connection, second) = (try connect(), try connect())
        let delegate = try open(connection)
        let sid = delegate.session.id
        try connection.request(poll(sid))
        try second.upgrade("/engine.io/?EIO=4&transport=websocket&sid=\(sid)")
        _ = try second.received()
        try second.sendFrame(.text, "2probe")
        #expect(try second.frames() == ["3probe"])
        #expect(try connection.response() == nil)
        loop.advanceTime(by: .milliseconds(20))
        #expect(try connection.response()?.body == "6")
        delegate.session.send(EncodedPacket(text: ByteBuffer(string: "on the way")))
        loop.run()
        #expect(try second.frames() == [], "the transport is still polling")
        try second.sendFrame(.text, "5")
        #expect(try second.frames() == ["4on the way"])
        try connection.request(poll(sid))
        #expect(try connection.response()?.status == 400)
        #expect(server.metrics.transportUpgrades == 1)
        try second.channel.close().wait()
        #expect(delegate.closed == .transportClose)
    }

    @Test func anUpgradeThatTakesTooLongIsGivenUp() throws {
        let (connection, second) = (try connect(), try connect())
        let delegate = try open(connection)
        try second.upgrade("/engine.io/?EIO=4&transport=websocket&sid=\(delegate.session.id)")
        _ = try second.received()
        loop.advanceTime(by: .seconds(10))
        #expect(try second.frames() == ["close"])
        #expect(delegate.closed == nil)
    }

    @Test func aSilentConnectionIsClosed() throws {
        let connection = try connect()
        try connection.send("GET /engine.io/ HTT")
        loop.advanceTime(by: .seconds(29))
        #expect(connection.isOpen)
        loop.advanceTime(by: .seconds(1))
        #expect(!connection.isOpen)
    }

    @Test func aWaitingPollIsNoSilence() throws {
        let connection = try connect()
        let delegate = try open(connection)
        try connection.request(poll(delegate.session.id))
        loop.advanceTime(by: .seconds(24))
        try connection.request(poll(delegate.session.id), headers: "X-Pipelined: 1\r\n")
        loop.advanceTime(by: .seconds(20))
        #expect(connection.isOpen)
    }

    @Test func aBodyThatStallsIsClosed() throws {
        let connection = try connect()
        let delegate = try open(connection)
        try connection.send(
            "POST \(poll(delegate.session.id)) HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n4he")
        loop.advanceTime(by: .seconds(30))
        #expect(!connection.isOpen)
        #expect(delegate.messages.isEmpty)
    }

    @Test func aRefusalBeforeTheBodysEndClosesTheConnection() throws {
        let connection = try connect()
        let head = "POST /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n"
        try connection.send(head)
        let response = try #require(try connection.response())
        #expect(response.status == 413)
        #expect(response.head.contains("Connection: close"))
        try connection.send(String(repeating: "x", count: 5000))
        #expect(connection.isOpen, "the rest is read for a while, so that the answer is not lost")
        loop.advanceTime(by: .seconds(2))
        #expect(!connection.isOpen)
    }

    @Test func shutsDown() throws {
        let (connection, polling) = (try connect(), try connect())
        let webSocket = try openWebSocket(connection)
        let polled = try open(polling)
        try polling.request(poll(polled.session.id))
        connection.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        polling.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        loop.run()
        #expect(try connection.frames() == ["close"])
        #expect(try polling.response()?.body == "1")
        #expect(webSocket.closed == .transportClose)
        #expect(polled.closed == .serverShutdown)
        #expect(server.sessionCount == 0)
    }
}
