import ChatModel
import Testing

@testable import ClusterBus

@Suite struct FrameReceiverTests {
    private let own = node(1)
    private let other = node(2)
    private let conversation = ConversationID.make()
    private let metrics = BusMetrics()

    private func receiver() -> FrameReceiver { FrameReceiver(own: own, timeline: 1, metrics: metrics) }

    private func frame(_ counter: UInt64, _ events: [BusEvent], from node: NodeIdentity, timeline: UInt32 = 1)
        -> BusFrame
    {
        BusFrame(head: .test(node, counter, timeline: timeline), body: .events(events))
    }

    @Test func ownFramesAreOnlyASignOfLife() {
        var receiver = receiver()
        let result = receiver.receive(frame(1, [.message(conversation, 1)], from: own), at: 0)
        #expect(result.inputs.isEmpty && result.isEcho)
    }

    @Test func aGapIsToldBeforeTheEvents() {
        var receiver = receiver()
        let event = BusEvent.message(conversation, 1)
        #expect(
            receiver.receive(frame(5, [event], from: other), at: 0).inputs
                == [.began(other), .events([event], from: other, counter: 5)])
        #expect(
            receiver.receive(frame(8, [event], from: other), at: 0).inputs
                == [.missed(of: other), .events([event], from: other, counter: 8)])
        #expect(receiver.receive(frame(8, [event], from: other), at: 0).inputs.isEmpty)
        #expect(metrics.gaps.value == 2 && metrics.doubles.value == 1 && metrics.received.value == 2)
    }

    @Test func anUnknownKindIsAHint() {
        var receiver = receiver()
        let kind = BusEvent.Kind(rawValue: UInt8(ascii: "~"))
        let events = [
            BusEvent(kind, conversation, revision: 4), BusEvent(kind, conversation), BusEvent.message(conversation, 3),
        ]
        #expect(
            receiver.receive(frame(1, events, from: other), at: 0).inputs
                == [.began(other), .events([events[2]], from: other, counter: 1), .hints([BusHint(conversation, 4)])])
    }

    /// Somebody may have recorded a frame. What has a revision is compared with the database anyway.
    @Test func whatIsOldCountsOnlyWithARevision() {
        var receiver = receiver()
        let (message, typing) = (BusEvent.message(conversation, 3), BusEvent(.typing, conversation))
        #expect(
            receiver.receive(frame(1, [typing, message], from: other), at: 61_000_000).inputs
                == [.began(other), .events([message], from: other, counter: 1)])
    }

    @Test func hintsAreNeverTooOld() {
        var receiver = receiver()
        let again = node(2)
        let hints = [BusHint(conversation, 3)]
        for identity in [other, again, other, again] {
            let head = BusFrame.Head.test(identity, 1, path: .hints)
            #expect(receiver.receive(BusFrame(head: head, body: .hints(hints)), at: 0).inputs.last == .hints(hints))
        }
        let head = BusFrame.Head.test(own, 1, path: .hints)
        let result = receiver.receive(BusFrame(head: head, body: .hints(hints)), at: 0)
        #expect(result.inputs.isEmpty && !result.isEcho)
        let all = BusFrame(head: .test(other, 9, path: .hints), body: .hints([.everything]))
        #expect(receiver.receive(all, at: 0).inputs == [.everything])
    }

    @Test func aBeginningIsToldOnEitherPath() {
        var receiver = receiver()
        let hints = BusFrame(head: .test(other, 1, path: .hints), body: .hints([]))
        #expect(receiver.receive(hints, at: 0).inputs == [.began(other), .hints([])])
        #expect(
            receiver.receive(frame(1, [.message(conversation, 1)], from: other), at: 0).inputs
                == [.events([.message(conversation, 1)], from: other, counter: 1)])
    }

    @Test func aFailoverPutsEverythingInDoubt() {
        var receiver = receiver()
        let event = BusEvent.message(conversation, 1)
        _ = receiver.receive(frame(1, [event], from: other), at: 0)
        #expect(
            receiver.receive(frame(2, [event], from: other, timeline: 2), at: 0).inputs
                == [.everything, .events([event], from: other, counter: 2)])
        #expect(receiver.receive(frame(3, [event], from: other, timeline: 1), at: 0).inputs.isEmpty)
        #expect(metrics.outdated.value == 1)
        #expect(receiver.note(timeline: 2) == false)
        #expect(receiver.note(timeline: 3) == true)
    }
}
