import NIOCore
import Testing

@testable import RedisClient

@Suite struct RedisSessionTests {
    typealias Session = RedisSession<Int>

    private func sent(_ body: (inout RESPWriter) -> Void) -> String {
        var writer = RESPWriter()
        body(&writer)
        // Without lengths, to be read easily.
        return String(buffer: writer.buffer).split(separator: "\r\n").filter { !"*$".contains($0.first ?? " ") }
            .joined(separator: " ")
    }

    private func ready(_ configure: (inout RedisConfiguration) -> Void = { _ in }) -> Session {
        var configuration = RedisConfiguration(host: "h")
        configure(&configuration)
        var session = Session(configuration, channels: [], at: .zero)
        _ = sent { session.greet(&$0) }
        #expect(describe(session.receive(.simple("PONG"), at: .zero)) == "ready")
        return session
    }

    private func describe(_ action: Session.Action?) -> String {
        switch action {
        case .ready: "ready"
        case .message(let message): "message \(message.channel) \(String(buffer: message.payload))"
        case .finish(let waiter, .success): "finish \(waiter)"
        case .finish(let waiter, .failure(let error)): "fail \(waiter) \(error.code)"
        case .close(let error): "close \(error.code)"
        case nil: "nothing"
        }
    }

    private let message = RedisMessage(channel: "c", payload: ByteBuffer(string: "12345"))

    @Test func theGreetingSaysWhoAndWhereAndWhat() {
        var configuration = RedisConfiguration(host: "h")
        (configuration.username, configuration.password, configuration.database) = ("me", "word", 2)
        var session = Session(configuration, channels: ["a", "b"], at: .zero)
        #expect(sent { session.greet(&$0) } == "AUTH me word SELECT 2 PING SUBSCRIBE a b")
        let answers: [RESPValue] = [
            .simple("OK"), .simple("OK"), .simple("PONG"), .array([.bulk("subscribe"), .bulk("a"), .integer(1)]),
        ]
        for answer in answers {
            #expect(describe(session.receive(answer, at: .zero)) == "nothing")
            #expect(!session.isReady)
        }
        let last = RESPValue.array([.bulk("subscribe"), .bulk("b"), .integer(2)])
        #expect(describe(session.receive(last, at: .zero)) == "ready")
        let text = RESPValue.array([.bulk("message"), .bulk("b"), .bulk("hi")])
        #expect(describe(session.receive(text, at: .zero)) == "message b hi")
    }

    @Test func aPasswordWithoutAUserIsTheDefaultUsers() {
        var configuration = RedisConfiguration(host: "h")
        configuration.password = "word"
        var session = Session(configuration, channels: [], at: .zero)
        #expect(sent { session.greet(&$0) } == "AUTH word PING")
        #expect(describe(session.receive(.error("WRONGPASS invalid"), at: .zero)) == "close refused")
    }

    @Test(arguments: [
        RESPValue.simple("OK"), .integer(1), .null, .array([.bulk("hello")]), .bulk("PONG"),
    ])
    func aStrangeAnswerToTheGreetingCloses(_ answer: RESPValue) {
        for channels in [[], ["a"]] {
            var session = Session(RedisConfiguration(host: "h"), channels: channels, at: .zero)
            _ = sent { session.greet(&$0) }
            #expect(describe(session.receive(answer, at: .zero)) == "close malformed")
        }
    }

    @Test func anotherChannelThanAskedForCloses() {
        var session = Session(RedisConfiguration(host: "h"), channels: ["a"], at: .zero)
        _ = sent { session.greet(&$0) }
        _ = session.receive(.simple("PONG"), at: .zero)
        let other = RESPValue.array([.bulk("subscribe"), .bulk("b"), .integer(1)])
        #expect(describe(session.receive(other, at: .zero)) == "close malformed")
    }

    @Test func answersComeInTheOrderOfTheMessages() {
        var session = ready()
        #expect(sent { _ = session.publish([message, message], 1, &$0) } == "PUBLISH c 12345 PUBLISH c 12345")
        _ = sent { _ = session.publish([message], 2, &$0) }
        #expect(describe(session.receive(.integer(3), at: .zero)) == "nothing")
        #expect(describe(session.receive(.integer(3), at: .zero)) == "finish 1")
        #expect(describe(session.receive(.error("NOPERM"), at: .zero)) == "fail 2 refused")
        #expect(describe(session.receive(.integer(0), at: .zero)) == "close malformed")
    }

    @Test func anErrorOfOneMessageIsItsBatchs() {
        var session = ready()
        _ = sent { _ = session.publish([message, message], 1, &$0) }
        _ = sent { _ = session.publish([message], 2, &$0) }
        #expect(describe(session.receive(.error("NOPERM"), at: .zero)) == "nothing")
        #expect(describe(session.receive(.integer(1), at: .zero)) == "fail 1 refused")
        #expect(describe(session.receive(.integer(1), at: .zero)) == "finish 2")
    }

    @Test func whatWaitsForAnswersIsBounded() {
        var writer = RESPWriter()
        var few = ready { $0.maxUnansweredMessages = 2 }
        #expect(describe(few.publish([message, message], 1, &writer)) == "nothing")
        #expect(describe(few.publish([message], 2, &writer)) == "fail 2 queueFull")
        _ = few.receive(.integer(0), at: .zero)
        #expect(describe(few.publish([message], 3, &writer)) == "nothing")
        var small = ready { $0.maxUnansweredBytes = 10 }
        #expect(describe(small.publish([message], 1, &writer)) == "nothing")
        #expect(describe(small.publish([message], 2, &writer)) == "fail 2 queueFull")
        _ = small.receive(.integer(0), at: .zero)
        #expect(describe(small.publish([message], 3, &writer)) == "nothing")
    }

    @Test func nothingIsPublishedBeforeTheGreetingIsOver() {
        var session = Session(RedisConfiguration(host: "h"), channels: [], at: .zero)
        var writer = RESPWriter()
        #expect(describe(session.publish([message], 1, &writer)) == "fail 1 unavailable")
    }

    @Test func theEndIsTheEndOfAllThatWait() {
        var session = ready()
        _ = sent { _ = session.publish([message], 1, &$0) }
        _ = sent { _ = session.advance(to: .seconds(1), &$0) }
        _ = sent { _ = session.publish([message], 2, &$0) }
        #expect(session.end() == [1, 2])
        #expect(session.end() == [])
    }

    // MARK: Time

    /// What it says, and what it does.
    private func advance(_ session: inout Session, to milliseconds: Int) -> String {
        var writer = RESPWriter()
        let action = session.advance(to: .milliseconds(milliseconds), &writer)
        return writer.buffer.readableBytes == 0 ? describe(action) : "PING"
    }

    @Test func aPingEachSecondAndTwoWithoutAnAnswer() {
        var session = ready()
        #expect(advance(&session, to: 900) == "nothing")
        #expect(advance(&session, to: 1000) == "PING")
        #expect(advance(&session, to: 2900) == "nothing")
        #expect(describe(session.receive(.simple("PONG"), at: .milliseconds(2950))) == "nothing")
        #expect(advance(&session, to: 3000) == "PING")
        #expect(advance(&session, to: 4999) == "nothing")
        #expect(advance(&session, to: 5000) == "close unresponsive")
    }

    @Test func whoSendsIsAlive() {
        var session = ready()
        _ = sent { _ = session.publish([message], 1, &$0) }
        #expect(advance(&session, to: 1000) == "PING")
        #expect(describe(session.receive(.integer(1), at: .milliseconds(2500))) == "finish 1")
        #expect(advance(&session, to: 4000) == "nothing")
        #expect(advance(&session, to: 4500) == "close unresponsive")
    }

    @Test func theGreetingIsBounded() {
        var session = Session(RedisConfiguration(host: "h"), channels: [], at: .zero)
        #expect(advance(&session, to: 2999) == "nothing")
        #expect(advance(&session, to: 3000) == "close unresponsive")
    }
}
