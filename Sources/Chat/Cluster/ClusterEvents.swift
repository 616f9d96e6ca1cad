package import ChatModel
package import ClusterBus
import NIOCore

/// Tells this server's connections what happened, and the other servers. Each tells its own connections.
///
/// Every call comes after the commit. If the server dies in between, the others find out by its death (`ClusterFollower`).
package final class ClusterEvents: EventSink {
    private let local: any EventSink
    private let bus: any Bus
    private let encoder: any LiveEncoder

    /// Larger payloads would not fit into a notification.
    private static let maxFact = 7000

    package init(local: any EventSink, bus: any Bus, encoder: any LiveEncoder) {
        self.local = local
        self.bus = bus
        self.encoder = encoder
    }

    // MARK: Changes with a revision

    package func announce(_ messages: [NewMessage]) {
        local.announce(messages)
        for new in messages { tell(new) }
    }

    private func tell(_ new: NewMessage) {
        let message = new.message
        let arriving = new.arriving.map(\.user)
        guard !bus.isAlone else {
            return remember(message.conversationId, message.revision, isForAll: !arriving.isEmpty)
        }
        let (name, json) = encoder.encode(message)
        let words = arriving.isEmpty ? [] : RelayedNews.words(arriving: RelayedNews.named(arriving))
        let text = RelayedText(words, [.init([message.id.description, name], json)])
        let event = BusEvent(
            .message, message.conversationId, revision: message.revision, seq: message.seq, payload: text.bytes)
        if arriving.isEmpty { bus.publish(event) } else { publishSurely(event, arriving) }
    }

    package func apply(_ news: ConversationNews) {
        local.apply(news)
        let isFact = !news.arriving.isEmpty || !news.leaving.isEmpty
        guard !bus.isAlone else { return remember(news.conversation, news.revision, isForAll: isFact) }
        let parts: [RelayedText.Part] = news.events.compactMap { event in
            // Each server reads what its own people see.
            if case .conversationUpdated = event { return nil }
            guard let (name, json) = encoder.encode(event) else { return nil }
            return .init(event.addressee.map { [name, $0.description] } ?? [name], json)
        }
        let event = BusEvent(
            isFact ? .members : .conversation, news.conversation, revision: news.revision, seq: news.lastSeq,
            payload: RelayedText(RelayedNews(news).words, parts).bytes)
        if isFact { publishSurely(event, news.arriving.map(\.user)) } else { bus.publish(event) }
    }

    /// Nobody is there to be told; somebody may be about to be noticed.
    private func remember(_ id: ConversationID, _ revision: Int, isForAll: Bool) {
        bus.hint(isForAll ? .everything : BusHint(id, revision))
    }

    /// How many members' marks one event of the bus has.
    private static let maxMarks = 40

    /// - Parameter arriving: Who comes with the event, and so may not follow the conversation yet.
    private func publishSurely(_ event: BusEvent, _ arriving: [UserID]) {
        guard event.payload.readableBytes > Self.maxFact else { return bus.publishSurely(event) }
        look(at: event.conversation, event.revision, for: arriving)
    }

    private func look(at id: ConversationID, _ revision: Int, for users: [UserID]?) {
        let words = RelayedNews.words(arriving: users.flatMap(RelayedNews.named))
        bus.publishSurely(
            BusEvent(.look, id, revision: revision, payload: RelayedText(words).bytes))
    }

    package func promise(_ revision: Int, of conversation: ConversationID) {
        local.promise(revision, of: conversation)
    }

    package func abandon(_ revision: Int, of conversation: ConversationID) {
        local.abandon(revision, of: conversation)
        look(at: conversation, revision, for: nil)
    }

    package func hear(of revision: Int, in conversation: ConversationID) {
        local.hear(of: revision, in: conversation)
        bus.hint(BusHint(conversation, revision))
    }

    package func retract(_ revision: Int, of conversation: ConversationID) {
        local.retract(revision, of: conversation)
    }

    // MARK: Events

    package func deliver(_ event: ChatEvent) {
        local.deliver(event)
        switch event {
        case .messageUpdated(let message), .messageDeleted(let message): change(event, message, message.revision)
        case .reactionChanged(let reacting, let message): change(event, message, reacting.revision)
        case .marksMoved(let conversation, let marks, widely: true):
            // A notification has room for so many.
            for start in stride(from: 0, to: marks.count, by: Self.maxMarks) {
                let some = Array(marks[start..<min(start + Self.maxMarks, marks.count)])
                live(.marks, conversation, .marksMoved(conversation, some, widely: true), for: nil)
            }
        case .marksMoved(let conversation, let marks, widely: false):
            for marks in marks {
                live(.marks, conversation, .marksMoved(conversation, [marks], widely: false), for: marks.user)
            }
        case .attentionChanged(_, let conversation, let user):
            fact(.settings, of: conversation, [user.description])
        case .typingBegan(let conversation, let typist, _):
            live(.typing, conversation, event, for: nil, [typist.id.description, "1"])
        case .typingEnded(let conversation, let user, _):
            live(.typing, conversation, event, for: nil, [user.description, "0"])
        case .userUpdated(let user, _): fact(.profile, [user.id.description])
        case .blocked(let other, let user, let isBlocked):
            fact(.block, [user.description, other.description, isBlocked ? "1" : "0"])
        // Each server finds out by itself, and tells its own people.
        case .conversationCreated, .conversationUpdated, .userStatus, .muted: break
        // Parts of a change.
        case .conversationRenamed, .roleChanged, .conversationRemoved, .memberJoined, .memberLeft: break
        }
    }

    private func change(_ event: ChatEvent, _ message: Message, _ revision: Int) {
        guard !bus.isAlone else { return remember(message.conversationId, revision, isForAll: false) }
        guard let (name, json) = encoder.encode(event) else { return }
        let text = RelayedText([], [.init([message.id.description, name], json)])
        bus.publish(BusEvent(.messageChange, message.conversationId, revision: revision, payload: text.bytes))
    }

    /// An event that is lost when it is lost.
    private func live(
        _ kind: BusEvent.Kind, _ id: ConversationID, _ event: ChatEvent, for user: UserID?, _ words: [String] = []
    ) {
        guard !bus.isAlone, let (name, json) = encoder.encode(event) else { return }
        let text = RelayedText(words, [.init(user.map { [name, $0.description] } ?? [name], json)])
        bus.publish(BusEvent(kind, id, payload: text.bytes))
    }

    private func fact(_ kind: BusEvent.Kind, of id: ConversationID = .unknown, _ words: [String]) {
        bus.publishSurely(BusEvent(kind, id, payload: RelayedText(words).bytes))
    }

    package func order(_ order: ConnectionOrder) {
        local.order(order)
        switch order {
        case .show(let position, let user): look(at: position.id, position.revision, for: [user])
        case .endHiding(let id, let user): look(at: id, 0, for: [user])
        case .cut(let user, _): fact(.cut, [user.description])
        // It is not committed yet.
        case .hide: break
        // The database tells every server of these.
        case .closeSession, .closeAccount: break
        }
    }
}

extension ChatEvent {
    /// Whom a part of a change is for; nil: everybody in the conversation.
    fileprivate var addressee: UserID? {
        if case .conversationRemoved(_, let user, _) = self { user } else { nil }
    }
}
