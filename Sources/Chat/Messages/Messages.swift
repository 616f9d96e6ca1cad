public import ChatModel
import ChatStore
import Logging

/// Sending, reading and changing messages: what REST and sockets both call. `Messages+Changing` has the changes.
public struct Messages: Sendable {
    let store: MessageStore
    /// What searches messages, on connections of its own.
    let searches: MessageStore
    let conversations: ConversationStore
    let limits: ReadLimits
    let direct: DirectConversations
    let writer: MessageWriter
    let marks: MarkWriter
    let quota: TextQuota
    let blockedWords: BlockedWords
    let uploadLookup: UploadLookup
    let cards: LinkCardQueue
    let events: any EventSink

    init(
        stores: Stores, limits: ReadLimits, quota: TextQuota, blockedWords: BlockedWords, uploadLookup: UploadLookup,
        cards: LinkCardQueue, conversations: Conversations, typing: Typing, lanes: Int, markLanes: Int,
        events: any EventSink,
        logger: Logger
    ) {
        store = stores.messages
        searches = stores.searches.messages
        self.conversations = stores.conversations
        self.limits = limits
        direct = DirectConversations(conversations: conversations, logger: logger)
        writer = MessageWriter(
            store: store, quota: quota, conversations: conversations, typing: typing, cards: cards, events: events,
            logger: logger, lanes: lanes)
        marks = MarkWriter(store: stores.marks, events: events, logger: logger, lanes: markLanes)
        self.quota = quota
        self.blockedWords = blockedWords
        self.uploadLookup = uploadLookup
        self.cards = cards
        self.events = events
    }

    // MARK: Sending

    /// Sends a message after those for which this was called before. `complete` is called once, after the commit, on any
    /// thread.
    public func submit(
        _ request: MessageRequest, from sender: UserID, origin: ConnectionID?,
        complete: @escaping @Sendable (Result<SentMessage, ChatError>) -> Void
    ) {
        @Sendable func write(_ conversation: ConversationID) {
            do throws(ChatError) {
                let draft = try Draft(
                    request, to: conversation, from: sender, origin: origin, filter: blockedWords.current,
                    hasRoom: quota.hasRoom(sender))
                writer.submit(draft, complete: complete)
            } catch {
                complete(.failure(error))
            }
        }
        switch (request.conversationId, request.recipientId) {
        case (let conversation?, nil):
            write(conversation)
        case (nil, let recipient?) where recipient == sender:
            complete(.failure(.invalid("recipientId", "somebody else")))
        case (nil, let recipient?):
            // The form is checked first, so that a refused message makes no conversation.
            if let error = Draft.flaw(of: request) { return complete(.failure(error)) }
            direct.resolve(sender, to: recipient) { result in
                switch result {
                case .success(let conversation): write(conversation)
                case .failure(let error): complete(.failure(error))
                }
            }
        case (nil, nil), (_?, _?):
            complete(.failure(.invalid("conversationId", "exactly one of conversationId and recipientId")))
        }
    }

    public func send(_ request: MessageRequest, from sender: UserID) async throws -> SentMessage {
        try await withCheckedThrowingContinuation { continuation in
            submit(request, from: sender, origin: nil) { continuation.resume(with: $0) }
        }
    }

    // MARK: Reading

    public func history(
        of conversation: ConversationID, for user: UserID, before: Int?, after: Int?, limit: Int
    ) async throws -> (messages: [Message], hasMore: Bool) {
        let found = try await store.history(conversation, before: before, after: after, limit: limit + 1, for: user)
        let page = Array(found.prefix(limit))
        return (after == nil ? page.reversed() : page, found.count > limit)
    }

    /// The newest messages, as many as fit into one socket answer: up to fifty of usual length.
    /// - Parameter measure: By which the answer is cut.
    public func newest(
        of conversation: ConversationID, for user: UserID, measure: AnswerMeasure
    ) async throws -> [Message] {
        let newest = try await history(of: conversation, for: user, before: nil, after: nil, limit: Self.newestMessages)
        return measure.newest(of: newest.messages, fitting: Self.newestBytes).messages
    }

    static let newestMessages = 50
    private static let newestBytes = 512 * 1024

    public func changed(
        in conversation: ConversationID, for user: UserID, since revision: Int, limit: Int
    ) async throws -> (messages: [Message], hasMore: Bool) {
        let found = try await store.changed(conversation, since: revision, limit: limit + 1, for: user)
        return (Array(found.prefix(limit)), found.count > limit)
    }

    /// What was shared in a conversation, newest first unless `cursor` says otherwise.
    public func shared(
        _ kind: SharedItem.Kind, in conversation: ConversationID, for user: UserID, from cursor: SharedItemCursor?,
        limit: Int
    ) async throws -> (items: [SharedItem], next: SharedItemCursor?) {
        try await store.shared(
            kind, in: conversation, for: user, from: cursor ?? .before(seq: .max), limit: limit)
    }

    public func find(_ id: MessageID, for user: UserID) async throws -> Message {
        guard let message = try await store.find(id),
            try await conversations.membership(of: user, in: message.conversationId)?.role != nil
        else { throw ChatError.notFound("message") }
        return message
    }

    /// A message for somebody who has been shown it before. Whoever calls this has checked a proof of that.
    public func find(shown id: MessageID) async throws -> Message {
        guard let message = try await store.find(id) else { throw ChatError.notFound("message") }
        return message
    }

    public func search(
        _ text: String, for user: UserID, in conversation: ConversationID?, before: MessageID?, limit: Int
    ) async throws -> (messages: [Message], hasMore: Bool) {
        try Rules.search(text)
        if let conversation {
            try Permissions.read(try await conversations.membership(of: user, in: conversation))
        }
        let found = try await limits.searching.ask(user) {
            guard let condition = try await searches.condition(SearchQuery(text)) else {
                throw ChatError.invalid("q", "at least one word to look for")
            }
            return try await searches.search(
                condition, user: user, conversation: conversation, before: before, limit: limit + 1)
        }
        return (Array(found.prefix(limit)), found.count > limit)
    }

    // MARK: Marks

    /// Marks everything up to `seq` delivered or read. `complete` is called once, after the commit.
    public func mark(
        _ seq: Int, read: Bool, in conversation: ConversationID, by user: UserID,
        complete: @escaping @Sendable (Result<Void, ChatError>) -> Void
    ) {
        guard seq >= 0 else { return complete(.failure(.invalid("seq", "a position in the conversation"))) }
        marks.submit(seq, read: read, in: conversation, by: user, complete: complete)
    }
}
