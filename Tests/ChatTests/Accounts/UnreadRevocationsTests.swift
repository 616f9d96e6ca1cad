import ChatModel
import Testing

@testable import Chat

@Suite struct UnreadRevocationsTests {
    @Test func aReadingSaysNothingOfWhatArrivedAfterItsBeginning() {
        var unread = UnreadRevocations()
        let session = SessionID.make()
        #expect(unread.concern(of: session) == nil)
        let reading = unread.noteReading()
        unread.noteEverything()
        unread.finish(reading)
        #expect(unread.concern(of: session) == reading + 1 && !unread.isFinished(reading + 1))
        unread.finish(reading + 1)
        #expect(unread.concern(of: session) == nil && unread.last == nil)
    }

    @Test func theEndOfASessionConcernsOnlyIt() {
        var unread = UnreadRevocations()
        let (one, other) = (SessionID.make(), SessionID.make())
        unread.note(one)
        unread.note(other)
        #expect(unread.concern(of: one) == 1 && unread.concern(of: other) == 2 && unread.concern(of: .make()) == nil)
        #expect(unread.take() == .init(last: 2, sessions: [one, other], isEverything: false))
        #expect(unread.take() == nil)
        unread.finish(1)
        #expect(unread.concern(of: one) == nil && unread.concern(of: other) == 2)
    }

    @Test func everythingTakesThePlaceOfSessions() {
        var unread = UnreadRevocations()
        let session = SessionID.make()
        unread.note(session)
        unread.noteEverything()
        unread.note(.make())
        #expect(unread.take() == .init(last: 3, sessions: [], isEverything: true))
        unread.finish(3)
        unread.note(session)
        #expect(unread.take() == .init(last: 4, sessions: [session], isEverything: false))
    }

    /// Whoever was banned before would count as read with it.
    @Test func noSessionIsReadAloneWhileEverythingIsBeingRead() {
        var unread = UnreadRevocations()
        let reading = unread.noteReading()
        unread.note(.make())
        #expect(unread.take() == .init(last: 2, sessions: [], isEverything: true))
        unread.finish(reading)
        #expect(unread.concern(of: .make()) == nil)
    }

    @Test func tooManySessionsAreReadTogether() {
        var unread = UnreadRevocations()
        let first = SessionID.make()
        for _ in 0..<UnreadRevocations.maxSessions { unread.note(first) }
        #expect(unread.take()?.sessions.count == UnreadRevocations.maxSessions)
        for _ in 0...UnreadRevocations.maxSessions { unread.note(.make()) }
        #expect(unread.take()?.isEverything == true)
        #expect(unread.concern(of: .make()) != nil)
    }
}
