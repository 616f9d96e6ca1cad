import ChatModel
import Foundation
import Testing

@testable import ClusterBus

@Suite struct NodeStreamsTests {
    private let own = node(1)
    private let other = node(2)

    @Test func gapsAndDoublesAreSeen() {
        var streams = NodeStreams(own: own)
        #expect(streams.receive(.test(other, 7)) == .began)
        #expect(streams.receive(.test(other, 8)) == .accepted(skipped: 0))
        #expect(streams.receive(.test(other, 11)) == .accepted(skipped: 2))
        #expect(streams.receive(.test(other, 10)) == .accepted(skipped: 0))
        #expect(streams.receive(.test(other, 11)) == .double)
        #expect(streams.receive(.test(own, 1)) == .own)
    }

    @Test func eachPathCountsForItself() {
        var streams = NodeStreams(own: own)
        #expect(streams.receive(.test(other, 7)) == .began)
        #expect(streams.receive(.test(other, 3, path: .hints)) == .accepted(skipped: 0))
        #expect(streams.receive(.test(other, 8)) == .accepted(skipped: 0))
        #expect(streams.receive(.test(other, 4, path: .hints)) == .accepted(skipped: 0))
    }

    @Test func aFormerLifeCountsForNothing() {
        var streams = NodeStreams(own: own)
        let again = NodeIdentity(number: 2, epoch: UUID())
        #expect(streams.receive(.test(other, 7)) == .began)
        #expect(streams.receive(.test(again, 1)) == .began)
        #expect(streams.receive(.test(other, 8)) == .outdated)
        #expect(streams.receive(.test(again, 2)) == .accepted(skipped: 0))
    }

    @Test func ourOwnFormerLifeIsNobodys() {
        var streams = NodeStreams(own: own)
        let again = NodeIdentity(number: 1, epoch: UUID())
        streams.adopt(again)
        #expect(streams.receive(.test(own, 1)) == .outdated)
        #expect(streams.receive(.test(again, 1)) == .own)
        // Somebody else has the number, because our lease is lost and we do not know it yet.
        #expect(streams.receive(.test(node(1), 1)) == .began)
    }

    @Test func aTimelineThatIsNoMoreCountsForNothing() {
        var streams = NodeStreams(own: own)
        #expect(streams.note(timeline: 1) == false)
        #expect(streams.note(timeline: 1) == false)
        #expect(streams.note(timeline: 2) == true)
        #expect(streams.receive(.test(other, 1, timeline: 1)) == .outdated)
        #expect(streams.receive(.test(other, 2, timeline: 2)) == .began)
        // It does not know yet.
        #expect(streams.receive(.test(other, 4, timeline: 0)) == .accepted(skipped: 1))
        #expect(streams.receive(.test(other, 3, timeline: 1)) == .outdated)
        #expect(streams.note(timeline: 1) == false)
    }
}
