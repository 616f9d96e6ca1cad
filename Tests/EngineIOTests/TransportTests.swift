import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import NIOWebSocket
import RealtimeTesting
import Testing

@testable import EngineIO

/// The transports, byte by byte, on embedded channels.
@Suite struct TransportTests {
    private let loop = EmbeddedEventLoop()
    private let delegates = NIOLockedValueBox<[RecordingDelegate]>([])
    private let server: EngineServer

    init() {
        let delegates = self.delegates
        self.server = EngineServer(
            configuration: EngineConfiguration(),
            eventLoopGroup: self.loop,
            logger: Logger(label: "test")
        ) { session in
            let delegate = RecordingDelegate(session: session)
            delegates.withLockedValue { $0.append(delegate) }
            return delegate
        }
    }

    private func connect() throws -> TestConnection {
        try TestConnection([.engineIO(self.server)], loop: self.loop)
    }

    private var delegate: RecordingDelegate? { self.delegates.withLockedValue { $0.last } }

    private func poll(_ sid: String) -> String { "/engine.io/?EIO=4&transport=polling&sid=\(sid)" }

    /// Opens a polling session.
    private func open(_ connection: TestConnection) throws -> RecordingDelegate {
        try connection.request("/engine.io/?EIO=4&transport=polling")
        #expect(try connection.response()?.status == 200)
        return try #require(self.delegate)
    }

    private func openWebSocket(_ connection: TestConnection) throws -> RecordingDelegate {
        try connection.upgrade("/engine.io/?EIO=4&transport=websocket")
        let answer = try connection.received()
        let text = String(decoding: answer.readableBytesView, as: UTF8.self)
        #expect(text.hasPrefix("HTTP/1.1 101 "))
        // The example of RFC 6455, section 1.3.
        #expect(text.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
        #expect(text.contains("0{\"sid\""))
        return try #require(self.delegate)
    }

    @Test func polls() throws {
        let (connection, other) = (try self.connect(), try self.connect())
        let delegate = try self.open(connection)
        let sid = delegate.session.id
        try connection.request(self.poll(sid))
        #expect(try connection.response() == nil)
        delegate.session.send(EncodedPacket(text: ByteBuffer(string: "a")))
        delegate.session.send(EncodedPacket(text: ByteBuffer(string: "b")))
        #expect(try connection.response() == nil, "what is sent in one tick leaves together")
        self.loop.run()
        #expect(try connection.response()?.body == "4a\u{1e}4b")
        try other.request(self.poll(sid), method: "POST", body: "4hello\u{1e}4again")
        #expect(try other.response()?.body == "ok")
        #expect(delegate.messages == ["hello", "again"].map { .text(ByteBuffer(string: $0)) })
        #expect(self.server.metrics.deliveries == 3)
    }

    @Test func aPollThatIsCancelledEndsTheSession() throws {
        let connection = try self.connect()
        let delegate = try self.open(connection)
        try connection.request(self.poll(delegate.session.id))
        connection.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        self.loop.run()
        #expect(delegate.closed == .transportError)
        #expect(!connection.isOpen)
        #expect(self.server.sessionCount == 0)
    }

    @Test func heartbeatOverPolling() throws {
        let connection = try self.connect()
        let delegate = try self.open(connection)
        try connection.request(self.poll(delegate.session.id))
        self.loop.advanceTime(by: .seconds(25))
        #expect(try connection.response()?.body == "2")
        self.loop.advanceTime(by: .seconds(20) - .nanoseconds(1))
        #expect(delegate.closed == nil)
        self.loop.advanceTime(by: .nanoseconds(1))
        #expect(delegate.closed == .pingTimeout)
    }

    @Test func heartbeatOverWebSocket() throws {
        let connection = try self.connect()
        let delegate = try self.openWebSocket(connection)
        for _ in 0..<5 {
            self.loop.advanceTime(by: .seconds(25))
            #expect(try connection.frames() == ["2"])
            self.loop.advanceTime(by: .seconds(19))
            try connection.sendFrame(.text, "3")
        }
        #expect(delegate.closed == nil)
        self.loop.advanceTime(by: .seconds(45))
        #expect(delegate.closed == .pingTimeout)
        #expect(try connection.frames() == ["2", "close"])
        self.loop.advanceTime(by: .seconds(3))
        #expect(!connection.isOpen)
    }

    @Test func framesOfOneTickAreFlushedTogether() throws {
        let connection = try self.connect()
        let delegate = try self.openWebSocket(connection)
        delegate.session.send(EncodedPacket(text: ByteBuffer(string: "a")))
        delegate.session.send(EncodedPacket(text: ByteBuffer(string: "b")))
        #expect(try connection.frames() == [])
        self.loop.run()
        #expect(try connection.frames() == ["4a", "4b"])
    }

    @Test func upgrades() throws {
        let (connection, second) = (try self.connect(), try self.connect())
        let delegate = try self.open(connection)
        let sid = delegate.session.id
        try connection.request(self.poll(sid))
        try second.upgrade("/engine.io/?EIO=4&transport=websocket&sid=\(sid)")
        _ = try second.received()
        try second.sendFrame(.text, "2probe")
        #expect(try second.frames() == ["3probe"])
        #expect(try connection.response() == nil)
        self.loop.advanceTime(by: .milliseconds(20))
        #expect(try connection.response()?.body == "6")
        delegate.session.send(EncodedPacket(text: ByteBuffer(string: "on the way")))
        self.loop.run()
        #expect(try second.frames() == [], "the transport is still polling")
        try second.sendFrame(.text, "5")
        #expect(try second.frames() == ["4on the way"])
        try connection.request(self.poll(sid))
        #expect(try connection.response()?.status == 400)
        #expect(self.server.metrics.transportUpgrades == 1)
        try second.channel.close().wait()
        #expect(delegate.closed == .transportClose)
    }

    @Test func anUpgradeThatTakesTooLongIsGivenUp() throws {
        let (connection, second) = (try self.connect(), try self.connect())
        let delegate = try self.open(connection)
        try second.upgrade("/engine.io/?EIO=4&transport=websocket&sid=\(delegate.session.id)")
        _ = try second.received()
        self.loop.advanceTime(by: .seconds(10))
        #expect(try second.frames() == ["close"])
        #expect(delegate.closed == nil)
    }

    @Test func aSilentConnectionIsClosed() throws {
        let connection = try self.connect()
        try connection.send("GET /engine.io/ HTT")
        self.loop.advanceTime(by: .seconds(29))
        #expect(connection.isOpen)
        self.loop.advanceTime(by: .seconds(1))
        #expect(!connection.isOpen)
    }

    @Test func aWaitingPollIsNoSilence() throws {
        let connection = try self.connect()
        let delegate = try self.open(connection)
        try connection.request(self.poll(delegate.session.id))
        self.loop.advanceTime(by: .seconds(24))
        try connection.request(self.poll(delegate.session.id), headers: "X-Pipelined: 1\r\n")
        self.loop.advanceTime(by: .seconds(20))
        #expect(connection.isOpen)
    }

    @Test func aBodyThatStallsIsClosed() throws {
        let connection = try self.connect()
        let delegate = try self.open(connection)
        try connection.send(
            "POST \(self.poll(delegate.session.id)) HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n4he")
        self.loop.advanceTime(by: .seconds(30))
        #expect(!connection.isOpen)
        #expect(delegate.messages.isEmpty)
    }

    @Test func aRefusalBeforeTheBodysEndClosesTheConnection() throws {
        let connection = try self.connect()
        let head = "POST /engine.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n"
        try connection.send(head)
        let response = try #require(try connection.response())
        #expect(response.status == 413)
        #expect(response.head.contains("Connection: close"))
        try connection.send(String(repeating: "x", count: 5000))
        #expect(connection.isOpen, "the rest is read for a while, so that the answer is not lost")
        self.loop.advanceTime(by: .seconds(2))
        #expect(!connection.isOpen)
    }

    @Test func shutsDown() throws {
        let (connection, polling) = (try self.connect(), try self.connect())
        let webSocket = try self.openWebSocket(connection)
        let polled = try self.open(polling)
        try polling.request(self.poll(polled.session.id))
        connection.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        polling.channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        self.loop.run()
        #expect(try connection.frames() == ["close"])
        #expect(try polling.response()?.body == "1")
        #expect(webSocket.closed == .transportClose)
        #expect(polled.closed == .serverShutdown)
        #expect(self.server.sessionCount == 0)
    }
}
