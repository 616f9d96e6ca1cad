import ChatModel
import Foundation
import Testing

@testable import ClusterBus

@Suite struct NodeStreamsTests {
    private let own = node(1)
    private let other = node(2)

    @Test func gapsAndDoublesAreSeen() {
        var streams = NodeStreams(own: own)
        #expect(streams.receive(.test(other, 7), at: 1_000_000) == .began)
        #expect(streams.receive(.test(other, 8), at: 1_000_000) == .accepted(skipped: 0))
        #expect(streams.receive(.test(other, 11), at: 1_000_000) == .accepted(skipped: 2))
        #expect(streams.receive(.test(other, 10), at: 1_000_000) == .accepted(skipped: 0))
        #expect(streams.receive(.test(other, 11), at: 1_000_000) == .double)
        #expect(streams.receive(.test(own, 1), at: 1_000_000) == .own)
    }

    @Test func eachPathCountsForItself() {
        var streams = NodeStreams(own: own)
        #expect(streams.receive(.test(other, 7), at: 1_000_000) == .began)
        #expect(streams.receive(.test(other, 3, path: .hints), at: 1_000_000) == .accepted(skipped: 0))
        #expect(streams.receive(.test(other, 8), at: 1_000_000) == .accepted(skipped: 0))
        #expect(streams.receive(.test(other, 4, path: .hints), at: 1_000_000) == .accepted(skipped: 0))
    }

    private func receive(
        _ streams: inout NodeStreams, _ node: NodeIdentity, _ counter: UInt64, sentAt: Int64, at now: Int64
    ) -> NodeStreams.Verdict { streams.receive(.test(node, counter, sentAt: sentAt), at: now) }

    /// Somebody recorded frames and sends them again.
    @Test func aRecordedFrameBeginsNoLife() {
        var streams = NodeStreams(own: own)
        let (old, now) = (NodeIdentity(number: 2, epoch: UUID()), 1_000_000_000 as Int64)
        #expect(receive(&streams, old, 1, sentAt: now - 61_000_000, at: now) == .outdated)
        #expect(receive(&streams, other, 7, sentAt: now - 2_000_000, at: now) == .began)
        #expect(receive(&streams, old, 1, sentAt: now - 3_000_000, at: now) == .outdated)
        #expect(receive(&streams, other, 8, sentAt: now, at: now) == .accepted(skipped: 0), "it still counts")
        // From the time before the database told of the node's present life.
        streams.confirm([NodeIdentity(number: 3, epoch: UUID())], asked: now)
        let third = NodeIdentity(number: 3, epoch: UUID())
        #expect(receive(&streams, third, 1, sentAt: now - 1, at: now) == .outdated)
        #expect(receive(&streams, third, 1, sentAt: now + 1, at: now + 2) == .began, "it began since")
    }

    /// Whatever the clocks say.
    @Test func aLifeThatTheDatabaseTellsOfCounts() {
        var streams = NodeStreams(own: own)
        let again = NodeIdentity(number: 2, epoch: UUID())
        let now: Int64 = 1_000_000_000
        #expect(receive(&streams, other, 7, sentAt: now, at: now) == .began)
        #expect(receive(&streams, again, 1, sentAt: 5, at: now) == .outdated)
        streams.ask()
        streams.confirm([again], asked: now)
        #expect(receive(&streams, again, 2, sentAt: 6, at: now) == .began)
        #expect(receive(&streams, other, 8, sentAt: now - 1, at: now) == .outdated)
    }

    /// The database was asked before the node began its present life, and answers after that.
    @Test func anOlderAnswerBringsNoFormerLifeBack() {
        var streams = NodeStreams(own: own)
        let again = NodeIdentity(number: 2, epoch: UUID())
        #expect(streams.receive(.test(other, 7), at: 1_000_000) == .began)
        streams.ask()
        #expect(streams.receive(.test(again, 1), at: 1_000_000) == .began)
        streams.confirm([other], asked: 0)
        #expect(streams.receive(.test(other, 8), at: 1_000_000) == .outdated)
        #expect(streams.receive(.test(again, 2), at: 1_000_000) == .accepted(skipped: 0))
        streams.ask()
        streams.confirm([other], asked: 0)
        #expect(streams.receive(.test(other, 9), at: 1_000_000) == .began, "the newer one is gone")
    }

    /// Its sender did not know whether it had arrived, and told it again.
    @Test func aLateFactIsADouble() {
        var streams = NodeStreams(own: own)
        #expect(streams.receive(.test(other, 2, path: .facts), at: 1_000_000) == .began)
        #expect(streams.receive(.test(other, 4, path: .facts), at: 1_000_000) == .accepted(skipped: 1))
        #expect(streams.receive(.test(other, 3, path: .facts), at: 1_000_000) == .double)
        #expect(streams.receive(.test(other, 1, path: .facts), at: 1_000_000) == .double)
    }

    @Test func aFormerLifeCountsForNothing() {
        var streams = NodeStreams(own: own)
        let again = NodeIdentity(number: 2, epoch: UUID())
        #expect(streams.receive(.test(other, 7), at: 1_000_000) == .began)
        #expect(streams.receive(.test(again, 1), at: 1_000_000) == .began)
        #expect(streams.receive(.test(other, 8), at: 1_000_000) == .outdated)
        #expect(streams.receive(.test(again, 2), at: 1_000_000) == .accepted(skipped: 0))
    }

    @Test func ourOwnFormerLifeIsNobodys() {
        var streams = NodeStreams(own: own)
        let again = NodeIdentity(number: 1, epoch: UUID())
        streams.adopt(again)
        #expect(streams.receive(.test(own, 1), at: 1_000_000) == .outdated)
        #expect(streams.receive(.test(again, 1), at: 1_000_000) == .own)
        // Somebody else has the number, because our lease is lost and we do not know it yet.
        #expect(streams.receive(.test(node(1), 1), at: 1_000_000) == .began)
    }

    @Test func aTimelineThatIsNoMoreCountsForNothing() {
        var streams = NodeStreams(own: own)
        #expect(streams.note(timeline: 1) == false)
        #expect(streams.note(timeline: 1) == false)
        #expect(streams.note(timeline: 2) == true)
        #expect(streams.receive(.test(other, 1, timeline: 1), at: 1_000_000) == .undone)
        #expect(streams.receive(.test(other, 2, timeline: 2), at: 1_000_000) == .began)
        // It does not know yet.
        #expect(streams.receive(.test(other, 4, timeline: 0), at: 1_000_000) == .accepted(skipped: 1))
        #expect(streams.receive(.test(other, 3, timeline: 1), at: 1_000_000) == .undone)
        #expect(streams.note(timeline: 1) == false)
    }
}
