import ChatModel
import ChatTesting
import ClusterBus
import Foundation
import NIOCore
import Synchronization
import Testing

@testable import Chat

@Suite struct ClusterEventsTests {
    /// Keeps what is told.
    private final class RecordedBus: Bus {
        private struct State {
            var isAlone = false
            var events: [BusEvent] = []
            var facts: [BusEvent] = []
            var hints: [BusHint] = []
        }

        private let state = Mutex(State())

        var isUp: Bool { true }
        var isAlone: Bool { state.withLock { $0.isAlone } }
        var events: [BusEvent] { state.withLock { $0.events } }
        var facts: [BusEvent] { state.withLock { $0.facts } }
        var hints: [BusHint] { state.withLock { $0.hints } }

        func publish(_ event: BusEvent) { state.withLock { $0.events.append(event) } }
        func publishSurely(_ event: BusEvent) { state.withLock { $0.facts.append(event) } }
        func hint(_ hint: BusHint) { state.withLock { $0.hints.append(hint) } }
        func end(with event: BusEvent) async {}
        func beginAsking() {}
        func set(isAlone: Bool) { state.withLock { $0.isAlone = isAlone } }
        func confirm(_ living: [NodeIdentity]) {}
        func adopt(_ node: NodeIdentity) {}
        func run(_ receive: @escaping @Sendable (BusInput) async -> Void) async {}
    }

    private struct Encoder: LiveEncoder {
        func encode(_ message: Message) -> (name: String, json: ByteBuffer) {
            ("message:received", ByteBuffer(string: message.text))
        }

        func encode(_ event: ChatEvent) -> (name: String, json: ByteBuffer)? { ("event", ByteBuffer(string: "{}")) }
    }

    private let bus = RecordedBus()
    private let local = RecordedEvents()
    private let events: ClusterEvents
    private let id = ConversationID.make()
    private let ana = UserID.make()

    init() { events = ClusterEvents(local: local, bus: bus, encoder: Encoder()) }

    private func message(_ revision: Int, _ text: String = "{}") -> Message {
        Message(
            id: .make(), conversationId: id, seq: revision, revision: revision,
            sender: Sender(id: ana, username: "ana", displayName: "Ana"), text: text, attachments: [], replyTo: nil,
            reactions: [], clientId: nil, status: .sent, createdAt: Date())
    }

    @Test func aMessageIsToldHereAndElsewhere() throws {
        let message = message(4)
        events.announce([NewMessage(message: message)])
        #expect(local.messages.map(\.id) == [message.id])
        let told = try #require(bus.events.first)
        #expect(told.kind == .message && told.conversation == id && told.revision == 4 && told.seq == 4)
        let text = try #require(RelayedText(told.payload))
        #expect(text.words.isEmpty && text.parts[0].words == [message.id.description, "message:received"])
        #expect(bus.facts.isEmpty)
    }

    /// Whoever is added by an event that is lost does not follow the conversation, and so would not miss it.
    @Test func whoComesIsToldOfOnTheSureWay() throws {
        events.announce([NewMessage(message: message(4), arriving: [NewMember(user: ana, view: nil)])])
        events.apply(ConversationNews(id, revision: 5, leaving: [ana]))
        events.apply(ConversationNews(id, revision: 6, shownTo: .smallGroup(and: [])))
        #expect(bus.facts.map(\.kind) == [.message, .members])
        #expect(RelayedText(bus.facts[0].payload)?.words == ["+\(ana)"])
        #expect(RelayedText(bus.facts[1].payload)?.words == ["-\(ana)"])
        #expect(bus.events.map(\.kind) == [.conversation])
    }

    @Test func whatIsTooLargeIsLookedAt() {
        let large = message(4, String(repeating: "a", count: 8000))
        events.announce([NewMessage(message: large, arriving: [NewMember(user: ana, view: nil)])])
        #expect(bus.facts.map(\.kind) == [.look] && bus.facts.map(\.revision) == [4])
    }

    /// Another server may be about to be noticed.
    @Test func whoIsAloneRemembersWhatHappened() {
        bus.set(isAlone: true)
        events.announce([NewMessage(message: message(4))])
        #expect(bus.hints == [BusHint(id, 4)])
        events.apply(ConversationNews(id, revision: 5, arriving: [NewMember(user: ana, view: nil)]))
        #expect(bus.hints == [BusHint(id, 4), .everything])
        events.deliver(.typingEnded(conversation: id, by: ana, origin: nil))
        #expect(bus.events.isEmpty && bus.facts.isEmpty)
    }

    /// No revision makes up for them.
    @Test func settingsGoOnTheSureWayAndAreReadThere() {
        for isAlone in [false, true] {
            bus.set(isAlone: isAlone)
            events.deliver(.attentionChanged(Attention(isPinned: true), in: id, for: ana))
        }
        #expect(bus.events.isEmpty && bus.facts.map(\.kind) == [.settings, .settings])
        #expect(bus.facts[0].conversation == id && RelayedText(bus.facts[0].payload)?.words == [ana.description])
    }

    @Test func ordersCrossWhenTheyAreCommitted() {
        let position = ConversationPosition(id: id, revision: 3, lastSeq: 2)
        events.order(.hide(id, from: ana, revision: 3))
        events.order(.closeAccount(ana, nil))
        #expect(bus.facts.isEmpty)
        events.order(.endHiding(id, from: ana))
        events.order(.show(position, to: ana))
        events.order(.cut(ana, hiding: nil))
        #expect(bus.facts.map(\.kind) == [.look, .look, .cut])
        #expect(local.takeOrders().count == 5)
    }

    @Test func whatCannotBeToldIsLookedAt() {
        events.abandon(7, of: id)
        events.hear(of: 8, in: id)
        #expect(bus.facts.map(\.kind) == [.look] && bus.facts.map(\.revision) == [7])
        #expect(bus.hints == [BusHint(id, 8)])
    }
}
