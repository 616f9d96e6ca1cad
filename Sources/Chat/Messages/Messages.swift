public import ChatModel
import ChatStore
import Foundation
import Logging
import PostgresClient

/// Sending, changing and reading messages: what REST and sockets both call.
public struct Messages: Sendable {
    let store: MessageStore
    /// The same on connections for searches.
    let searches: MessageStore
    let searching: ReadingLine
    let changes: ChangeQueue
    let conversations: ConversationStore
    let direct: DirectConversations
    let writer: MessageWriter
    let marks: MarkWriter
    let blockedWords: BlockedWords
    let quota: TextQuota
    let uploadLookup: UploadLookup
    let events: any EventSink

    // MARK: Sending

    /// Sends after the messages for which this was called before. `complete` is called once, after the commit, on any
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
            // The form is checked first, so that what is refused makes no conversation.
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
    public func newest(of conversation: ConversationID, for user: UserID) async throws -> [Message] {
        let newest = try await history(of: conversation, for: user, before: nil, after: nil, limit: Self.newestMessages)
        return newest.messages.newest(fitting: Self.newestBytes)
    }

    static let newestMessages = 50
    private static let newestBytes = 512 * 1024

    public func changed(
        in conversation: ConversationID, for user: UserID, since revision: Int, limit: Int
    ) async throws -> (messages: [Message], hasMore: Bool) {
        let found = try await store.changed(conversation, since: revision, limit: limit + 1, for: user)
        return (Array(found.prefix(limit)), found.count > limit)
    }

    public func find(_ id: MessageID, for user: UserID) async throws -> Message {
        guard let message = try await store.find(id),
            try await conversations.standing(of: user, in: message.conversationId)?.role != nil
        else { throw ChatError.notFound("message") }
        return message
    }

    public func search(
        _ text: String, for user: UserID, in conversation: ConversationID?, before: MessageID?, limit: Int
    ) async throws -> (messages: [Message], hasMore: Bool) {
        guard !text.isEmpty, Rules.fits(text, 200), !text.utf8.contains(0) else {
            throw ChatError.invalid("q", "1 to 200 characters")
        }
        if let conversation {
            try Permissions.read(try await conversations.standing(of: user, in: conversation))
        }
        let found = try await searching.ask(user) {
            guard try await searches.isSearchable(text) else {
                throw ChatError.invalid("q", "at least one word to look for")
            }
            return try await searches.search(
                text, user: user, conversation: conversation, before: before, limit: limit + 1)
        }
        return (Array(found.prefix(limit)), found.count > limit)
    }

    // MARK: Changing

    public func edit(_ id: MessageID, text: String, by user: UserID) async throws -> Message {
        // Before the conversation is locked: its length first, for the filter's time grows with it.
        try Rules.text(text, hasAttachments: true)
        let judgement = blockedWords.current.judge(text)
        return try await change(id, by: user) { standing, transaction in
            try Permissions.editMessage(standing.permissions, sender: standing.sender, by: user)
            guard !standing.deleted else { throw ChatError(.gone, "this message was deleted") }
            try Rules.text(text, hasAttachments: standing.hasAttachments)
            if judgement.isRefused { throw Rules.blockedText }
            guard judgement.text != standing.text else { return nil }
            let growth = judgement.text.utf8.count - standing.text.utf8.count
            guard growth <= 0 || quota.hasRoom(user) else { throw ChatError.textQuotaExceeded }
            let revision = try await store.edit(id, text: judgement.text, in: transaction)
            if !judgement.reported.isEmpty {
                try await store.report(id, patterns: judgement.reported, in: transaction)
            }
            return revision
        } announcing: { change in
            quota.count(judgement.text.utf8.count - change.before.text.utf8.count, of: user)
            events.deliver(.messageUpdated(change.message))
        }
    }

    /// Deleting twice changes nothing.
    public func delete(_ id: MessageID, by user: UserID) async throws -> Message {
        try await change(id, by: user) { standing, transaction in
            try Permissions.deleteMessage(standing.permissions, sender: standing.sender, by: user)
            guard !standing.deleted else { return nil }
            return try await store.delete(id, by: user, in: transaction)
        } announcing: { change in
            uploadLookup.forget()
            quota.count(-change.before.text.utf8.count, of: change.before.sender)
            events.deliver(.messageDeleted(change.message))
        }
    }

    /// Adds or takes back a reaction; one that stands already, or is not there, changes nothing.
    public func react(_ id: MessageID, emoji: String, add: Bool, by user: UserID) async throws -> Message {
        try Rules.emoji(emoji)
        return try await change(id, by: user) { standing, transaction in
            try Permissions.react(standing.permissions, add: add)
            guard !standing.deleted else { throw ChatError(.gone, "this message was deleted") }
            if add {
                let counts = try await store.reactionCounts(on: id, in: transaction)
                guard counts[emoji] != nil || counts.count < Self.maximumEmoji else {
                    throw ChatError.invalid("emoji", "at most \(Self.maximumEmoji) different ones on a message")
                }
                guard counts.values.reduce(0, +) < Self.maximumReactions else {
                    throw ChatError.invalid("emoji", "at most \(Self.maximumReactions) reactions to a message")
                }
            }
            return try await store.react(id, emoji: emoji, by: user, add: add, in: transaction)
        } announcing: { change in
            let reacting = Reacting(emoji: emoji, user: user, isAdded: add, revision: change.revision)
            events.deliver(.reactionChanged(reacting, to: change.message))
        }
    }

    /// Bounds on one message, so that it stays of a size that can be sent: each reaction is a user's id in it.
    private static let maximumEmoji = 20
    private static let maximumReactions = 1000

    public func report(_ id: MessageID, reason: String, by user: UserID) async throws {
        let reason = try Rules.reason(reason)
        _ = try await find(id, for: user)
        try await store.report(id, by: user, reason: reason)
    }

    /// What was changed of a message.
    private struct Change: Sendable {
        var message: Message
        var before: MessageStore.Standing
        /// Which it has in its conversation.
        var revision: Int
    }

    /// Changes a message in its conversation's turn. It is announced in the same turn: in the order of the changes.
    /// - Parameter body: gives the change's revision, or nil where nothing changed and nothing is announced.
    /// - Returns: the message as it is after it.
    private func change(
        _ id: MessageID, by user: UserID,
        _ body: @escaping @Sendable (MessageStore.Standing, PostgresTransaction) async throws -> Int?,
        announcing announce: @escaping @Sendable (Change) -> Void
    ) async throws -> Message {
        guard let conversation = try await store.conversation(of: id) else { throw ChatError.notFound("message") }
        return try await changes.transaction(on: .conversation(conversation)) { transaction in
            // To those outside the conversation the message does not exist.
            guard let standing = try await store.lock(id, for: user, in: transaction), standing.role != nil else {
                throw ChatError.notFound("message")
            }
            return (standing, try await body(standing, transaction))
        } committed: { standing, revision in
            guard let message = try await store.find(id) else { throw ChatError.notFound("message") }
            if let revision { announce(Change(message: message, before: standing, revision: revision)) }
            return message
        }
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

extension MessageStore.Standing {
    var permissions: Permissions.Standing {
        .init(kind: kind, visibility: visibility, role: role, isMuted: isMuted, isShutOut: isShutOut)
    }
}
