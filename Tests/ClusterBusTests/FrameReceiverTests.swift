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
        let result = receiver.receive(frame(1, [.message(conversation, 1)], from: own), at: 1_000_000)
        #expect(result.inputs.isEmpty && result.isEcho)
    }

    @Test func aGapIsToldBeforeTheEvents() {
        var receiver = receiver()
        let event = BusEvent.message(conversation, 1)
        #expect(
            receiver.receive(frame(5, [event], from: other), at: 1_000_000).inputs
                == [.began(other), .events([event], from: other, counter: 5)])
        #expect(
            receiver.receive(frame(8, [event], from: other), at: 1_000_000).inputs
                == [.missed(of: other), .events([event], from: other, counter: 8)])
        #expect(receiver.receive(frame(8, [event], from: other), at: 1_000_000).inputs.isEmpty)
        #expect(metrics.gaps.value == 2 && metrics.doubles.value == 1 && metrics.received.value == 2)
    }

    @Test func anUnknownKindIsAHint() {
        var receiver = receiver()
        let kind = BusEvent.Kind(rawValue: UInt8(ascii: "~"))
        let events = [
            BusEvent(kind, conversation, revision: 4), BusEvent(kind, conversation), BusEvent.message(conversation, 3),
        ]
        #expect(
            receiver.receive(frame(1, events, from: other), at: 1_000_000).inputs
                == [.began(other), .events([events[2]], from: other, counter: 1), .hints([BusHint(conversation, 4)])])
    }

    /// Somebody may have recorded a frame. What has a revision is compared with the database anyway.
    @Test func whatIsOldCountsOnlyWithARevision() {
        var receiver = receiver()
        let (message, typing) = (BusEvent.message(conversation, 3), BusEvent(.typing, conversation))
        _ = receiver.receive(frame(1, [], from: other), at: 1_000_000)
        #expect(
            receiver.receive(frame(2, [typing, message], from: other), at: 70_000_000).inputs
                == [.events([message], from: other, counter: 2)])
    }

    /// Nothing else tells of it, and its sender believes that it has been heard.
    @Test func aFactThatIsRefusedIsLookedForInTheDatabase() {
        var receiver = receiver()
        let profile = BusEvent(.profile)
        func receive(_ counter: UInt64, _ events: [BusEvent], timeline: UInt32, at now: Int64) -> [BusInput] {
            let head = BusFrame.Head.test(other, counter, path: .facts, timeline: timeline)
            return receiver.receive(BusFrame(head: head, body: .events(events)), at: now).inputs
        }
        #expect(receive(1, [], timeline: 1, at: 1_000_000) == [.began(other)])
        #expect(receive(2, [profile], timeline: 1, at: 70_000_000) == [.everything], "it is old")
        _ = receiver.note(timeline: 2)
        #expect(receive(3, [profile], timeline: 1, at: 1_000_000) == [.everything], "perhaps it is undone")
        #expect(
            receive(4, [profile], timeline: 2, at: 1_000_000)
                == [.missed(of: other), .events([profile], from: other, counter: 4)])
    }

    /// Somebody has recorded them, and sends them again and again.
    @Test func framesOfAFormerTimelinePutEverythingInDoubtOnce() {
        var receiver = receiver()
        func receive(_ path: BusFrame.Path, _ counter: UInt64, _ node: NodeIdentity) -> [BusInput] {
            let head = BusFrame.Head.test(node, counter, path: path, timeline: 1)
            let body: BusFrame.Body = path == .hints ? .hints([.everything]) : .events([BusEvent(.profile)])
            return receiver.receive(BusFrame(head: head, body: body), at: 1_000_000).inputs
        }
        for path in [BusFrame.Path.facts, .hints] { for counter in 1...3 { _ = receive(path, UInt64(counter), other) } }
        _ = receiver.note(timeline: 2)
        let stranger = node(3)
        for path in [BusFrame.Path.facts, .hints] {
            for _ in 1...3 {
                for counter in 1...3 { #expect(receive(path, UInt64(counter), other).isEmpty, "it counted") }
            }
            for node in [other, stranger] {
                for counter in 4...5 { #expect(receive(path, UInt64(counter), node) == [.everything]) }
                for counter in 4...5 { #expect(receive(path, UInt64(counter), node).isEmpty) }
            }
        }
    }

    @Test func whatWasRefusedBeforeABeginningIsLookedForInTheDatabase() {
        var receiver = receiver()
        let event = BusEvent.message(conversation, 1)
        #expect(receiver.receive(frame(1, [event], from: other), at: 70_000_000).inputs.isEmpty)
        receiver.ask()
        receiver.confirm([other], asked: 70_000_000)
        #expect(
            receiver.receive(frame(2, [event], from: other), at: 70_000_000).inputs
                == [.began(other), .everything, .events([event], from: other, counter: 2)])
    }

    @Test func hintsOfAFormerLifeCountForNothing() {
        var receiver = receiver()
        let again = node(2)
        let hints = [BusHint(conversation, 3)]
        func receive(_ node: NodeIdentity, _ counter: UInt64, _ hints: [BusHint], timeline: UInt32 = 1) -> [BusInput] {
            let head = BusFrame.Head.test(node, counter, path: .hints, timeline: timeline)
            return receiver.receive(BusFrame(head: head, body: .hints(hints)), at: 1_000_000).inputs
        }
        #expect(receive(other, 1, hints) == [.began(other), .hints(hints)])
        #expect(receive(again, 1, hints) == [.began(again), .hints(hints)])
        #expect(receive(other, 2, [.everything]).isEmpty)
        #expect(receive(again, 1, [.everything]).isEmpty, "came before")
        #expect(receive(own, 1, hints).isEmpty)
        #expect(receive(again, 9, [.everything]) == [.everything])
    }

    /// A node that does not know of a fail-over yet goes on storing.
    @Test func hintsOfAFormerTimelineCount() {
        var receiver = receiver()
        _ = receiver.note(timeline: 2)
        let hints = [BusHint(conversation, 3)]
        let head = BusFrame.Head.test(other, 1, path: .hints, timeline: 1)
        #expect(receiver.receive(BusFrame(head: head, body: .hints(hints)), at: 1_000_000).inputs == [.hints(hints)])
        #expect(receiver.receive(frame(1, [.message(conversation, 3)], from: other), at: 1_000_000).inputs.isEmpty)
    }

    @Test func aBeginningIsToldOnEitherPath() {
        var receiver = receiver()
        let hints = BusFrame(head: .test(other, 1, path: .hints), body: .hints([]))
        #expect(receiver.receive(hints, at: 1_000_000).inputs == [.began(other), .hints([])])
        #expect(
            receiver.receive(frame(1, [.message(conversation, 1)], from: other), at: 1_000_000).inputs
                == [.events([.message(conversation, 1)], from: other, counter: 1)])
    }

    @Test func aFailoverPutsEverythingInDoubt() {
        var receiver = receiver()
        let event = BusEvent.message(conversation, 1)
        _ = receiver.receive(frame(1, [event], from: other), at: 1_000_000)
        #expect(
            receiver.receive(frame(2, [event], from: other, timeline: 2), at: 1_000_000).inputs
                == [.everything, .events([event], from: other, counter: 2)])
        #expect(receiver.receive(frame(3, [event], from: other, timeline: 1), at: 1_000_000).inputs.isEmpty)
        #expect(metrics.outdated.value == 1)
        #expect(receiver.note(timeline: 2) == false)
        #expect(receiver.note(timeline: 3) == true)
    }
}
