import ChatModel
import Testing

@testable import Chat

@Suite struct TimelinesTests {
    private let user = UserID.make()
    private let one = ConversationID.make()
    private let other = ConversationID.make()

    private func event(_ revision: Int) -> Timeline<Int>.Event {
        .init(revision: revision, kind: .messageChange, payload: revision)
    }

    @Test func onlyFollowedConversationsHaveATimeline() {
        var timelines = Timelines<Int>()
        #expect(timelines.take(event(2), in: one, at: .zero).isEmpty)
        timelines.follow(.init(id: one, revision: 1, lastSeq: 0), at: .zero)
        #expect(timelines.take(event(2), in: one, at: .zero).count == 1)
        timelines.follow(.init(id: one, revision: 9, lastSeq: 0), at: .zero)
        #expect(timelines.applied(one) == 2, "it is followed already")
        timelines.forget(one)
        #expect(!timelines.follows(one))
    }

    @Test func whatWaitsKeepsATimeline() {
        var timelines = Timelines<Int>()
        timelines.follow(.init(id: one, revision: 1, lastSeq: 0), at: .zero)
        _ = timelines.take(event(3), in: one, at: .zero)
        timelines.forget(one)
        #expect(timelines.take(event(2), in: one, at: .zero).count == 2, "it may let somebody in")
        timelines.forget(one)
        #expect(!timelines.follows(one))
    }

    /// It may have gone on between the list that names it and the first event after that.
    @Test func whatWasHeardOfBeforeItWasFollowedIsRead() {
        var timelines = Timelines<Int>()
        _ = timelines.take(event(5), in: one, at: .zero)
        _ = timelines.hear(of: 4, in: one, at: .zero)
        _ = timelines.hear(of: 5, in: other, at: .zero)
        timelines.follow(.init(id: one, revision: 4, lastSeq: 0), at: .seconds(1))
        timelines.follow(.init(id: other, revision: 5, lastSeq: 0), at: .seconds(1))
        #expect(timelines.advance(to: .milliseconds(1100)).map(\.conversation) == [one])
    }

    @Test func eachConversationHasItsDeadline() {
        var timelines = Timelines<Int>()
        for id in [one, other] { timelines.follow(.init(id: id, revision: 1, lastSeq: 0), at: .zero) }
        _ = timelines.take(event(3), in: one, at: .zero)
        _ = timelines.take(event(3), in: other, at: .milliseconds(50))
        #expect(timelines.deadline == .milliseconds(100))
        #expect(timelines.advance(to: .milliseconds(100)).map(\.conversation) == [one])
        #expect(timelines.deadline == .milliseconds(150))
        _ = timelines.take(event(2), in: other, at: .milliseconds(120))
        #expect(timelines.deadline == nil)
    }

    @Test func anArrivalFollowsWhatWasNotedSinceItsList() {
        var timelines = Timelines<Int>()
        let arrival = timelines.beginArrival(of: user)
        timelines.note(one, at: 5, of: user, isMember: false)
        timelines.note(other, at: 5, of: user, isMember: false)
        timelines.note(other, at: 4, of: user, isMember: true)
        let joined = timelines.endArrival(
            arrival, listed: [.init(id: one, revision: 4, lastSeq: 0), .init(id: other, revision: 6, lastSeq: 0)],
            at: .zero)
        #expect(joined.rooms == [other], "removed after the one list, and before the other")
    }

    @Test func anArrivalJoinsWhatWasAddedMeanwhile() {
        var timelines = Timelines<Int>()
        let arrival = timelines.beginArrival(of: user)
        timelines.note(one, at: 5, of: user, isMember: true)
        let joined = timelines.endArrival(arrival, listed: [], at: .zero)
        #expect(joined.rooms == [], "its state is not known yet")
        #expect(joined.reads.map(\.conversation) == [one])
    }

    @Test func anArrivalIsCorrectedBySnapshotsThatAreNewerThanItsList() {
        var timelines = Timelines<Int>()
        timelines.follow(.init(id: one, revision: 4, lastSeq: 0), at: .zero)
        let early = timelines.beginArrival(of: user)
        guard case .read(let read)? = timelines.reread(one).first else {
            Issue.record("nothing is read")
            return
        }
        let late = timelines.beginArrival(of: user)
        let snapshot = Timeline<Int>.Snapshot(
            revision: 5, lastSeq: 0, departures: 0, arrivals: 0, beginning: 0, others: nil, messages: [])
        _ = timelines.finishRead(read, snapshot, members: [user], in: one, at: .zero)
        #expect(timelines.endArrival(early, listed: [], at: .zero).rooms == [one])
        #expect(
            timelines.endArrival(late, listed: [], at: .zero).rooms == [],
            "it began after the reading, and has a newer list")
    }
}
