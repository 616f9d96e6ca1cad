import ChatModel
import Testing

@testable import ClusterBus

@Suite struct HintCollectorTests {
    private let conversation = ConversationID.make()

    @Test func hintsOfAPeriodAreJoined() {
        var collector = HintCollector()
        #expect(collector.deadline(isBusUp: true) == nil)
        collector.add(BusHint(conversation, 3), at: .seconds(1))
        collector.add(BusHint(conversation, 5), at: .milliseconds(1100))
        collector.add(BusHint(conversation, 4), at: .milliseconds(1200))
        #expect(collector.deadline(isBusUp: true) == .milliseconds(1250))
        #expect(collector.deadline(isBusUp: false) == .milliseconds(1025))
        #expect(collector.take() == [[BusHint(conversation, 5)]])
        #expect(collector.isEmpty)
        #expect(collector.deadline(isBusUp: true) == nil)
        #expect(collector.take() == [])
    }

    @Test func aFrameHasABoundedNumber() {
        var collector = HintCollector()
        for revision in 0..<500 { collector.add(BusHint(.make(), revision), at: .zero) }
        #expect(collector.take().map(\.count) == [240, 240, 20])
    }

    @Test func tooManyBecomeEverything() {
        var collector = HintCollector()
        for _ in 0..<HintCollector.maxConversations { collector.add(BusHint(.make(), 1), at: .zero) }
        collector.add(BusHint(.make(), 1), at: .zero)
        collector.add(BusHint(.make(), 1), at: .zero)
        #expect(collector.take() == [[.everything]])
        collector.add(BusHint(conversation, 1), at: .zero)
        #expect(collector.take() == [[BusHint(conversation, 1)]])
    }

    @Test func whatCouldNotBeToldIsToldLater() {
        var collector = HintCollector()
        collector.add(BusHint(conversation, 3), at: .zero)
        let hints = collector.take()[0]
        collector.add(BusHint(conversation, 4), at: .seconds(1))
        collector.putBack(hints, at: .seconds(1), pause: .seconds(1))
        #expect(collector.deadline(isBusUp: false) == .seconds(2))
        #expect(collector.take() == [[BusHint(conversation, 4)]])
        collector.putBack([.everything], at: .seconds(3), pause: .seconds(1))
        #expect(collector.take() == [[.everything]])
    }

    @Test func anotherCollectorIsAbsorbed() {
        var collector = HintCollector()
        var other = HintCollector()
        collector.add(BusHint(conversation, 3), at: .zero)
        other.add(BusHint(conversation, 5), at: .zero)
        collector.absorb(other, at: .zero)
        #expect(collector.take() == [[BusHint(conversation, 5)]])
        other.add(.everything, at: .zero)
        collector.absorb(other, at: .zero)
        #expect(collector.take() == [[.everything]])
    }
}
