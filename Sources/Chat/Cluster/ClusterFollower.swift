import ChatModel
import ChatStore
import ClusterBus
import Logging
import Synchronization

/// Passes on to this server's connections what other servers tell.
///
/// Whatever depends on who is looking, such as unread counts, is read here for those who are connected here.
final class ClusterFollower: Sendable {
    private let stream: ConversationStream
    /// Tell only this server's connections.
    private let announcements: ConversationAnnouncements
    private let profiles: SureReadings<UserID, Bool>
    private let blocks: SureReadings<BlockedPair, Bool>
    private let settings: SureReadings<Setting, Bool>
    private let views: SureReadings<Change, ConversationNews.Showing>
    private let local: any EventSink
    private let conversations: ConversationStore
    private let presence: Presence
    private let typing: Typing
    private let logger: Logger
    private let jobs = Mutex(0)

    private struct BlockedPair: Hashable {
        var user: UserID
        var other: UserID
    }

    private struct Setting: Hashable {
        var user: UserID
        var conversation: ConversationID
    }

    private struct Change: Hashable {
        var conversation: ConversationID
        var revision: Int
    }

    /// How many changes may be read at a time.
    private static let maxJobs = 500
    private static let maxProfiles = 128
    private static let maxOthers = 32

    init(
        stream: ConversationStream, stores: Stores, profiles: ProfileAnnouncements, presence: Presence, typing: Typing,
        local: any EventSink, logger: Logger
    ) {
        self.stream = stream
        self.profiles = SureReadings(maxBatch: Self.maxProfiles, logger: logger) { changed in
            try await profiles.changed(Array(changed.keys))
        }
        blocks = SureReadings(maxBatch: Self.maxOthers, logger: logger) { changed in
            for (pair, isBlocked) in changed {
                if isBlocked {
                    try await presence.part(pair.user, pair.other)
                } else {
                    try await presence.reunite(pair.user, pair.other)
                }
            }
        }
        self.presence = presence
        self.typing = typing
        self.local = local
        self.logger = logger
        conversations = stores.conversations
        let announcements = ConversationAnnouncements(
            store: stores.conversations, blocks: stores.blocks, presence: presence, events: local)
        self.announcements = announcements
        views = SureReadings(maxBatch: Self.maxOthers, logger: logger) { changed in
            for (change, shownTo) in changed.sorted(by: { $0.key.revision < $1.key.revision }) {
                announcements.tell(try await announcements.views(of: change.conversation, for: shownTo))
            }
        }
        settings = SureReadings(maxBatch: Self.maxOthers, logger: logger) { [attention = stores.attention] changed in
            for setting in changed.keys {
                guard let found = try await attention.find(of: setting.user, in: setting.conversation) else { continue }
                local.deliver(.attentionChanged(found, in: setting.conversation, for: setting.user))
            }
        }
    }

    func hear(_ hints: [BusHint]) {
        for hint in hints { stream.hear(of: hint.revision, in: hint.conversation) }
    }

    /// - Parameter counter: The frame's.
    func take(_ event: BusEvent, from node: NodeIdentity, counter: UInt64) {
        guard let text = RelayedText(event.payload) else { return hear([BusHint(event.conversation, event.revision)]) }
        switch event.kind {
        case .message, .messageChange: takeMessage(event, text)
        case .members, .conversation: takeNews(event, text)
        case .look: look(event, RelayedNews.arriving(text.words))
        case .marks:
            for part in text.parts { stream.relay(relayed(part, in: event.conversation)) }
        case .typing: takeTyping(event, text)
        case .presence: presence.hear(text.words, on: node.number, counter: counter)
        case .cut:
            for user in text.words.compactMap({ UserID($0) }) { local.order(.cut(user, hiding: nil)) }
        case .profile:
            profiles.add(text.words.compactMap { UserID($0) }.map { ($0, true) })
        case .block: takeBlock(text.words)
        case .settings: takeSettings(of: event.conversation, text.words)
        default: hear([BusHint(event.conversation, event.revision)])
        }
    }

    private func relayed(_ part: RelayedText.Part, in conversation: ConversationID) -> RelayedEvent {
        let user = part.words.count > 1 ? UserID(part.words[1]) : nil
        return RelayedEvent(
            part.words.first ?? "", part.json, to: user.map { .user($0) } ?? .members(of: conversation))
    }

    // MARK: Messages

    private func takeMessage(_ event: BusEvent, _ text: RelayedText) {
        guard let part = text.parts.first, part.words.count == 2 else {
            return hear([BusHint(event.conversation, event.revision)])
        }
        let relayed = RelayedEvent(
            part.words[1], part.json, to: .members(of: event.conversation),
            subject: .init(message: part.words[0], revision: event.revision))
        let seq = event.kind == .message ? event.seq : nil
        guard !text.words.isEmpty else {
            return stream.relay(relayed, in: event.conversation, revision: event.revision, seq: seq)
        }
        arrive(event, RelayedNews.arriving(text.words), lastSeq: event.seq - 1) { [stream] arriving in
            stream.relay(
                relayed, in: event.conversation, revision: event.revision, seq: seq, arriving: arriving)
        }
    }

    // MARK: Other changes

    private func takeNews(_ event: BusEvent, _ text: RelayedText) {
        let id = event.conversation
        let news = RelayedNews(words: text.words)
        let events = text.parts.map { relayed($0, in: id) }
        if let arriving = news.arriving, arriving.isEmpty, news.shownTo == .nobody || !stream.follows(id) {
            // Nothing has to be read for this, so it does not wait.
            return stream.relay(ConversationNews(id, revision: event.revision, leaving: news.leaving), events)
        }
        if let arriving = news.arriving, arriving.isEmpty, !news.leaving.isEmpty {
            // A removal waits for nothing: until then, whoever is removed is told of typing and marks.
            stream.relay(ConversationNews(id, revision: event.revision, leaving: news.leaving), events)
            return views.add([(Change(conversation: id, revision: event.revision), news.shownTo)])
        }
        // Nothing is told before everything has been read: if that fails, the whole change is read like one that was missed.
        arrive(event, news.arriving, lastSeq: event.seq) { [stream, announcements] arriving in
            var views = try await announcements.views(of: id, for: news.shownTo, without: arriving.map(\.user))
            var change = ConversationNews(
                id, revision: event.revision, lastSeq: event.seq, arriving: arriving, leaving: news.leaving)
            announcements.add(&views, to: &change)
            stream.relay(change, events)
            announcements.tell(views)
        }
    }

    /// Something has to be read for a change: those who come with it, and are connected here, are shown the conversation.
    /// - Parameters:
    ///   - users: Those who come; nil: whoever is a member by now.
    ///   - tell: Reads the rest and tells it, which cannot fail any more.
    private func arrive(
        _ event: BusEvent, _ users: [UserID]?, lastSeq: Int,
        _ tell: @escaping @Sendable ([NewMember]) async throws -> Void
    ) {
        let id = event.conversation
        let here = users.map { presence.here(among: $0) }
        guard here?.isEmpty == false || users == nil || stream.follows(id) else {
            return hear([BusHint(id, event.revision)])
        }
        stream.expect(event.revision, of: id, lastSeq: lastSeq, arriving: here ?? [])
        let giveUp: @Sendable () -> Void = { [stream] in
            stream.abandon(event.revision, of: id)
            // Whoever comes is perhaps here.
            if users == nil { stream.look(at: id, revision: event.revision, isHere: true) }
        }
        work { [stream, conversations, presence, announcements] in
            do {
                var here = here ?? []
                if users == nil {
                    here = presence.here(among: try await conversations.memberIDs(of: id))
                    stream.expect(event.revision, of: id, lastSeq: lastSeq, arriving: here)
                }
                try await tell(try await announcements.newMembers(here, of: id))
            } catch {
                giveUp()
                throw error
            }
        } otherwise: {
            giveUp()
        }
    }

    private func look(_ event: BusEvent, _ users: [UserID]?) {
        let (id, revision) = (event.conversation, event.revision)
        guard !stream.follows(id), revision > 0 else {
            return stream.look(at: id, revision: revision, isHere: false)
        }
        if let users {
            return stream.look(at: id, revision: revision, isHere: !presence.here(among: users).isEmpty)
        }
        work { [stream, conversations, presence] in
            do {
                let here = presence.here(among: try await conversations.memberIDs(of: id))
                stream.look(at: id, revision: revision, isHere: !here.isEmpty)
            } catch {
                stream.look(at: id, revision: revision, isHere: true)
                throw error
            }
        } otherwise: { [stream] in
            stream.look(at: id, revision: revision, isHere: true)
        }
    }

    // MARK: What has no revision

    private func takeTyping(_ event: BusEvent, _ text: RelayedText) {
        guard text.words.count == 2, let user = UserID(text.words[0]), let part = text.parts.first else { return }
        let id = event.conversation
        typing.hear(text.words[1] == "1", in: id, by: user) { [local] in
            local.deliver(.typingEnded(conversation: id, by: user, origin: nil))
        }
        stream.relay(RelayedEvent(part.words.first ?? "", part.json, to: .others(in: id, than: user)))
    }

    private func takeBlock(_ words: [String]) {
        guard words.count == 3, let user = UserID(words[0]), let other = UserID(words[1]) else { return }
        let isBlocked = words[2] == "1"
        local.deliver(.blocked(other, by: user, isBlocked: isBlocked))
        blocks.add([(BlockedPair(user: user, other: other), isBlocked)])
    }

    private func takeSettings(of id: ConversationID, _ words: [String]) {
        guard let user = words.first.flatMap({ UserID($0) }), !presence.here(among: [user]).isEmpty else { return }
        settings.add([(Setting(user: user, conversation: id), true)])
    }

    // MARK: Work

    /// Reads something, beside other work.
    /// - Parameter otherwise: In its place, if there is too much.
    private func work(
        _ body: @escaping @Sendable () async throws -> Void, otherwise: () -> Void
    ) {
        let mayRun = jobs.withLock { jobs in
            guard jobs < Self.maxJobs else { return false }
            jobs += 1
            return true
        }
        guard mayRun else { return otherwise() }
        Task {
            do {
                try await body()
            } catch {
                logger.debug("what another server told is read later", metadata: ["error": "\(error)"])
            }
            jobs.withLock { $0 -= 1 }
        }
    }
}
