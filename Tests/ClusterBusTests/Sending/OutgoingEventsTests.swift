import ChatModel
import Testing

@testable import ClusterBus

@Suite struct OutgoingEventsTests {
    private let conversation = ConversationID.make()

    private func event(_ revision: Int, bytes: Int = 455) -> BusEvent {
        .message(conversation, revision, String(repeating: "a", count: bytes))
    }

    @Test func eventsAreJoinedUpToAFrame() {
        var outgoing = OutgoingEvents(channels: 1, maxFrame: FrameCodec.overhead + 3 * 500)
        for revision in 1...7 { #expect(outgoing.add(event(revision), to: 0) == true) }
        #expect(outgoing.take().map { $0.events.map(\.revision) } == [[1, 2, 3], [4, 5, 6], [7]])
        #expect(outgoing.isEmpty)
        #expect(outgoing.take().isEmpty)
    }

    @Test func eachChannelHasFramesOfItsOwn() {
        var outgoing = OutgoingEvents(channels: 3, maxFrame: 10_000)
        for revision in 1...6 { _ = outgoing.add(event(revision), to: revision % 3) }
        let loads = outgoing.take()
        #expect(loads.map(\.channel) == [0, 1, 2])
        #expect(loads.map { $0.events.map(\.revision) } == [[3, 6], [1, 4], [2, 5]])
    }

    @Test func whatDoesNotFitAFrameIsNotTaken() {
        var outgoing = OutgoingEvents(channels: 1, maxFrame: 7900)
        let most = 7900 - FrameCodec.overhead - 45
        #expect(outgoing.add(event(1, bytes: most + 1), to: 0) == false)
        #expect(outgoing.isEmpty)
        #expect(outgoing.add(event(2, bytes: most), to: 0) == true)
        #expect(outgoing.take().map { $0.events.map(\.revision) } == [[2]])
    }

    @Test func aSignOfLifeIsAFrameWithoutEvents() {
        var outgoing = OutgoingEvents(channels: 3, maxFrame: 1000)
        outgoing.addSignOfLife()
        #expect(!outgoing.isEmpty)
        #expect(outgoing.take().map { [$0.channel, $0.events.count] } == [[2, 0]])
        #expect(outgoing.isEmpty && outgoing.take().isEmpty)
        // Any other frame is one as well.
        outgoing.addSignOfLife()
        _ = outgoing.add(event(1), to: 0)
        #expect(outgoing.take().map { [$0.channel, $0.events.count] } == [[0, 1]])
        #expect(outgoing.take().isEmpty)
    }

    @Test func whatWaitsIsBounded() {
        var many = OutgoingEvents(channels: 2, maxFrame: 1000)
        for revision in 0..<OutgoingEvents.maxEvents { _ = many.add(event(revision, bytes: 0), to: 0) }
        #expect(many.add(event(1, bytes: 0), to: 1) == false)
        var large = OutgoingEvents(channels: 2, maxFrame: 2 << 20)
        while large.add(event(1, bytes: 1 << 20), to: 0) {}
        #expect(!large.isEmpty)
        _ = large.take()
        #expect(large.add(event(1, bytes: 1 << 20), to: 0) == true)
    }

    /// A flood on one channel does not hold up the others.
    @Test func aFloodLeavesInParts() {
        var outgoing = OutgoingEvents(channels: 17, maxFrame: 10_000)
        for revision in 1...2000 { _ = outgoing.add(event(revision), to: 0) }
        _ = outgoing.add(event(1), to: 16)
        let first = outgoing.take()
        #expect(first.contains { $0.channel == 16 })
        #expect(first.reduce(0) { $0 + $1.events.count } < 100)
        var revisions = first.filter { $0.channel == 0 }.flatMap { $0.events.map(\.revision) }
        while !outgoing.isEmpty { revisions += outgoing.take().flatMap { $0.events.map(\.revision) } }
        #expect(revisions == Array(1...2000))
    }
}
