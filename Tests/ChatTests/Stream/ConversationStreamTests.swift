import ChatModel
import ChatTesting
import Foundation
import Synchronization
import Testing

@testable import Chat

@Suite(.timeLimit(.minutes(5))) struct ConversationStreamTests {
    /// Keeps rooms as sockets would, and notes what is done.
    private final class Rooms: LiveOutlet {
        private struct State {
            var log: [String] = []
            var devices: Set<UserID> = []
            var audience: [ConversationID: Set<UserID>] = [:]
            var abandoned: [ConversationID] = []
        }

        private let state = Mutex(State())

        func connect(_ users: UserID...) { state.withLock { $0.devices.formUnion(users) } }

        func disconnect(_ user: UserID) {
            state.withLock { state in
                state.devices.remove(user)
                for id in state.audience.keys {
                    state.audience[id]?.remove(user)
                    if state.audience[id]?.isEmpty == true { state.abandoned.append(id) }
                }
            }
        }

        func join(_ ids: [ConversationID], _ user: UserID) {
            state.withLock { state in for id in ids { state.audience[id, default: []].insert(user) } }
        }

        func isIn(_ id: ConversationID, _ user: UserID) -> Bool {
            state.withLock { $0.audience[id]?.contains(user) ?? false }
        }

        func take() -> [String] {
            state.withLock { state in
                defer { state.log = [] }
                return state.log
            }
        }

        var count: Int { state.withLock { $0.log.count } }

        func perform(_ steps: [LiveStep]) { for step in steps { perform(step) } }

        private func perform(_ step: LiveStep) {
            if case .join(let ids, let join) = step { return join(ids) }
            if case .several(let steps) = step { return perform(steps) }
            state.withLock { state in
                switch step {
                case .message(let new): state.log.append("received \(new.message.revision)")
                case .missed(let message, _): state.log.append("missed \(message.revision)")
                case .event(.messageUpdated(let message)): state.log.append("updated \(message.revision)")
                case .event(.conversationUpdated(let view, _)): state.log.append("shown \(view.revision)")
                case .event(.conversationRemoved(_, _, let revision)): state.log.append("removed \(revision)")
                case .event(.roleChanged(_, _, _, let revision)): state.log.append("role \(revision)")
                case .enter(let id, let member):
                    guard state.devices.contains(member.user) else { return }
                    state.audience[id, default: []].insert(member.user)
                    state.log.append("enter")
                case .leave(let id, let user):
                    state.audience[id]?.remove(user)
                    state.log.append("leave")
                case .keep(let id, let members, _):
                    state.audience[id]?.formIntersection(members)
                    state.log.append("keep \(members.count)")
                case .relayed(let event): state.log.append("relayed \(event.name)")
                case .cut: state.log.append("cut")
                case .event, .order, .join, .several: state.log.append("other")
                }
            }
        }

        func hasDevices(_ user: UserID) -> Bool { state.withLock { $0.devices.contains(user) } }

        func hasAudience(_ id: ConversationID) -> Bool { state.withLock { $0.audience[id]?.isEmpty == false } }

        func takeAbandoned() -> [ConversationID] {
            state.withLock { state in
                defer { state.abandoned = [] }
                return state.abandoned
            }
        }
    }

    private let rooms = Rooms()
    private let stream: ConversationStream
    private let ana = UserID.make()
    private let bo = UserID.make()
    private let id = ConversationID.make()

    init() { stream = ConversationStream(outlet: rooms, logger: .silent) }

    private func message(_ revision: Int, seq: Int) -> Message {
        Message(
            id: .make(), conversationId: id, seq: seq, revision: revision,
            sender: Sender(id: ana, username: "ana", displayName: "Ana"), text: "", attachments: [], replyTo: nil,
            reactions: [], clientId: nil, status: .sent, createdAt: Date())
    }

    private func announce(_ messages: (revision: Int, seq: Int)...) {
        stream.announce(messages.map { NewMessage(message: message($0.revision, seq: $0.seq)) })
    }

    private func arrive(_ user: UserID, at revision: Int, lastSeq: Int = 0) {
        rooms.connect(user)
        let arrival = stream.beginArrival(of: user)
        stream.endArrival(arrival, listed: [.init(id: id, revision: revision, lastSeq: lastSeq)]) {
            rooms.join($0, user)
        }
    }

    /// Waits until something was done.
    private func wait() async throws {
        while rooms.count == 0 { try await Task.sleep(for: .milliseconds(5)) }
    }

    @Test func whatNobodyHereFollowsIsNotSent() {
        announce((2, 1))
        #expect(rooms.take() == [])
        #expect(stream.followed == 0)
    }

    @Test func changesGoOutByTheirRevisions() {
        arrive(ana, at: 1)
        #expect(rooms.isIn(id, ana))
        announce((2, 1), (3, 2))
        stream.deliver(.messageUpdated(message(5, seq: 1)))
        #expect(rooms.take() == ["received 2", "received 3"])
        stream.promise(4, of: id)
        stream.apply(ConversationNews(id, revision: 4, events: [.roleChanged(id, user: bo, role: .admin, revision: 4)]))
        #expect(rooms.take() == ["role 4", "updated 5"])
    }

    /// The greeting has what went out before, and nothing else.
    @Test func whoJoinsIsToldWhatHasGoneOutThere() {
        arrive(ana, at: 1)
        announce((2, 1), (3, 2), (5, 4))
        let arrival = stream.beginArrival(of: bo)
        let other = ConversationID.make()
        let listed = [
            ConversationPosition(id: id, revision: 5, lastSeq: 4), .init(id: other, revision: 9, lastSeq: 7),
        ]
        #expect(stream.endArrival(arrival, listed: listed) { _ in } == [id: 2, other: 7])
    }

    /// A server stored the first message of a conversation, and died before it told anybody. Then a device comes that has the
    /// conversation in its list already.
    @Test func whoWasHereBeforeAConversationIsLetIn() async throws {
        let (stream, reads, id) = (stream, Counter(), id)
        let members: Set<UserID> = [ana, bo]
        stream.begin { _, read in
            #expect(read.isWhole)
            reads.add()
            let arrivals = LiveStep.several(members.map { .enter(id, NewMember(user: $0, view: nil)) })
            let snapshot = Timeline<LiveStep>.Snapshot(
                revision: 1, lastSeq: 1, departures: .keep(id, members: members, revision: 1), arrivals: arrivals,
                beginning: arrivals, others: nil, messages: [])
            return (snapshot, members)
        }
        rooms.connect(ana)
        stream.endArrival(stream.beginArrival(of: ana), listed: []) { _ in }
        arrive(bo, at: 1, lastSeq: 1)
        let position = ConversationPosition(id: id, revision: 1, lastSeq: 1)
        #expect(!stream.meet(position, of: bo), "whose list it is in")
        #expect(reads.value == 0 && !rooms.isIn(id, ana))
        #expect(!stream.meet(position, of: ana))
        try await wait()
        while !rooms.isIn(id, ana) { try await Task.sleep(for: .milliseconds(5)) }
        #expect(!stream.meet(position, of: ana))
        #expect(reads.value == 1, "everybody is in by now")
    }

    @Test func whoArrivesWithAChangeIsToldFirst() {
        rooms.connect(bo)
        stream.apply(ConversationNews(id, revision: 4, lastSeq: 2, arriving: [NewMember(user: bo, view: nil)]))
        announce((5, 3))
        #expect(rooms.take() == ["enter", "received 5"])
        #expect(rooms.isIn(id, bo))
    }

    @Test func whoLeavesGetsNothingThatIsLater() {
        for user in [ana, bo] { arrive(user, at: 1) }
        announce((3, 1))
        #expect(rooms.take() == [], "the removal may be missing")
        let removal = ChatEvent.conversationRemoved(id, for: bo, revision: 2)
        stream.apply(ConversationNews(id, revision: 2, leaving: [bo], events: [removal]))
        #expect(rooms.take() == ["leave", "removed 2", "received 3"])
        #expect(!rooms.isIn(id, bo))
    }

    @Test func whatIsMissingIsReadFromTheDatabase() async throws {
        let asked = Mutex<[Int]>([])
        stream.begin { [id, ana] _, read in
            asked.withLock { $0.append(read.since) }
            return (
                .init(
                    revision: 3, lastSeq: 1, departures: .keep(id, members: [ana], revision: 3),
                    arrivals: .several([]), beginning: .several([]), others: nil,
                    messages: [
                        .init(
                            seq: 1, revision: 2, whenNew: .missed(message(2, seq: 1)),
                            whenChanged: .event(.messageUpdated(message(2, seq: 1))))
                    ]), [ana]
            )
        }
        arrive(ana, at: 1)
        stream.deliver(.messageUpdated(message(3, seq: 1)))
        try await wait()
        #expect(asked.withLock { $0 } == [1])
        #expect(rooms.take() == ["keep 1", "missed 2"])
    }

    @Test func whatCannotBeToldCutsTheRoom() async throws {
        stream.begin { _, _ in nil }
        arrive(ana, at: 1)
        stream.hear(of: 2000, in: id)
        try await wait()
        #expect(rooms.take() == ["cut"])
        #expect(stream.followed == 0)
    }

    @Test func aHiddenConversationComesBackWithAMessage() {
        for user in [ana, bo] { arrive(user, at: 1) }
        stream.order(.hide(id, from: bo, revision: 1))
        #expect(rooms.take() == ["leave", "removed 1"])
        let member = NewMember(user: bo, view: nil)
        stream.announce([NewMessage(message: message(2, seq: 1), arriving: [member])])
        stream.order(.endHiding(id, from: bo))
        #expect(rooms.take() == ["enter", "received 2"])
        stream.order(.show(.init(id: id, revision: 2, lastSeq: 1), to: bo))
        #expect(rooms.take() == ["enter"])
    }

    @Test func conversationsThatNobodyFollowsAreForgotten() async throws {
        let running = Task { await stream.run() }
        defer { running.cancel() }
        // It begins to note whose rooms are left.
        arrive(ana, at: 1)
        stream.order(.show(.init(id: .make(), revision: 1, lastSeq: 0), to: bo))
        #expect(stream.followed == 2)
        while stream.followed > 1 { try await Task.sleep(for: .milliseconds(20)) }
        announce((2, 1))
        #expect(rooms.take().last == "received 2", "somebody is there")
        rooms.disconnect(ana)
        while stream.followed > 0 { try await Task.sleep(for: .milliseconds(20)) }
    }

    /// Whoever brings a change may have to wait for nobody: what is done is done by one thread at a time, in order.
    @Test func manyThreadsKeepTheOrder() async {
        // A thread that gets no processor for a while makes the stream read what is missing. Nothing is to be read here.
        let (unanswered, end) = AsyncStream.makeStream(of: Void.self)
        stream.begin { _, _ in
            for await _ in unanswered {}
            return nil
        }
        arrive(ana, at: 1)
        await withTaskGroup { group in
            for line in 0..<4 {
                group.addTask {
                    for revision in 2..<2002 where revision % 4 == line {
                        // Nobody runs so far ahead that the stream would give up.
                        while revision > rooms.count + 100 { await Task.yield() }
                        stream.deliver(.messageUpdated(message(revision, seq: 1)))
                    }
                }
            }
        }
        #expect(rooms.take() == (2..<2002).map { "updated \($0)" })
        end.finish()
    }
}
