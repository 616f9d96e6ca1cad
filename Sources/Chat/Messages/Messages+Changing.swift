public import ChatModel
import ChatStore

extension Messages {
    public func edit(_ id: MessageID, text: String, by user: UserID) async throws -> Message {
        // Before the conversation is locked; the length first, because the filter's time grows with it.
        try Rules.text(text, hasAttachments: true)
        let judgment = blockedWords.current.judge(text)
        return try await change(id, by: user) { message, change in
            try Permissions.editMessage(message.membership, sender: message.sender, by: user)
            guard !message.isDeleted else { throw ChatError(.gone, "this message was deleted") }
            try Rules.text(text, hasAttachments: message.hasAttachments)
            if judgment.isRefused { throw Rules.blockedText }
            guard judgment.text != message.text else { return nil }
            let growth = judgment.text.utf8.count - message.text.utf8.count
            guard growth <= 0 || quota.hasRoom(user) else { throw ChatError.textQuotaExceeded }
            let revision = try await change.edit(text: judgment.text)
            if !judgment.reported.isEmpty { try await change.report(patterns: judgment.reported) }
            return revision
        } announcing: { change in
            quota.count(judgment.text.utf8.count - change.before.text.utf8.count, of: user)
            change.announce(events)
            cards.drop(change.before.cardPicture)
            cards.offer(change.message)
        }
    }

    /// Deleting twice changes nothing.
    public func delete(_ id: MessageID, by user: UserID) async throws -> Message {
        try await change(id, by: user) { message, change in
            try Permissions.deleteMessage(message.membership, sender: message.sender, by: user)
            return message.isDeleted ? nil : try await change.delete(by: user)
        } announcing: { change in
            uploadLookup.forget()
            quota.count(-change.before.text.utf8.count - change.before.altBytes, of: change.before.sender)
            change.announce(events)
            cards.drop(change.before.cardPicture)
        }
    }

    /// Adds a reaction or takes it back. Doing so twice changes nothing.
    /// - Parameter emoji: In any spelling. What an older version took for an emoji can be taken back.
    public func react(_ id: MessageID, emoji: String, add: Bool, by user: UserID) async throws -> Message {
        let canonical = Emoji.canonical(emoji)
        // Older versions took 64 bytes at most. Hashing a longer text takes time that grows with the square of its marks.
        guard canonical != nil || !add && emoji.utf8.count <= 64 else { throw Rules.noEmoji }
        let emoji = canonical ?? emoji
        return try await change(id, by: user) { message, change in
            try Permissions.react(message.membership, add: add)
            guard !message.isDeleted else { throw ChatError(.gone, "this message was deleted") }
            if add || canonical == nil {
                let counts = try await change.reactionCounts()
                guard add || counts[emoji] != nil else { throw Rules.noEmoji }
                guard counts[emoji] != nil || counts.count < Self.maxEmoji else {
                    throw ChatError.invalid("emoji", "at most \(Self.maxEmoji) different ones on a message")
                }
                guard counts.values.reduce(0, +) < Self.maxReactions else {
                    throw ChatError.invalid("emoji", "at most \(Self.maxReactions) reactions to a message")
                }
            }
            return try await change.react(emoji: emoji, by: user, add: add)
        } announcing: { change in
            let reacting = Reacting(emoji: emoji, user: user, isAdded: add, revision: change.revision)
            var message = change.message
            message.revision = change.revision
            events.deliver(.reactionChanged(reacting, to: message))
        }
    }

    /// Bounds for one message, so that it can still be sent: it holds a user id for each reaction.
    private static let maxEmoji = 20
    private static let maxReactions = 1000

    public func report(_ id: MessageID, reason: String, by user: UserID) async throws {
        let reason = try Rules.reason(reason)
        _ = try await find(id, for: user)
        try await store.report(id, by: user, reason: reason)
    }

    /// A message that was changed.
    struct Change: Sendable {
        var message: Message
        var before: LockedMessage
        /// The conversation's revision after the change.
        var revision: Int

        /// By the revision of this change. By now there may be a later one, of somebody who is not in this queue.
        func announce(_ events: any EventSink) {
            var message = message
            message.revision = revision
            events.deliver(message.deletedAt == nil ? .messageUpdated(message) : .messageDeleted(message))
        }
    }

    /// Changes a message in its conversation's turn. It is announced in the same turn: in the order of the changes.
    /// - Parameter body: Returns the revision of the change; nil when nothing changed, and nothing is to be announced.
    /// - Returns: The message after the change.
    func change(
        _ id: MessageID, by user: UserID,
        _ body: @escaping @Sendable (LockedMessage, MessageChange) async throws -> Int?,
        announcing announce: @escaping @Sendable (Change) -> Void
    ) async throws -> Message {
        guard let conversation = try await store.conversation(of: id) else { throw ChatError.notFound("message") }
        return try await events.promising(conversation) { promise in
            try await change(id, in: conversation, by: user, promise, body, announcing: announce)
        }
    }

    private func change(
        _ id: MessageID, in conversation: ConversationID, by user: UserID, _ promise: RevisionPromise,
        _ body: @escaping @Sendable (LockedMessage, MessageChange) async throws -> Int?,
        announcing announce: @escaping @Sendable (Change) -> Void
    ) async throws -> Message {
        try await store.change(id, in: conversation) { change in
            // To those outside the conversation the message does not exist.
            guard let message = try await change.lock(for: user), message.membership.role != nil else {
                throw ChatError.notFound("message")
            }
            let revision = try await body(message, change)
            if let revision { promise.make(revision) }
            return (before: message, revision: revision)
        } committed: { before, revision in
            guard let revision else { return try await find(id) }
            do {
                let message = try await find(id)
                announce(Change(message: message, before: before, revision: revision))
                return message
            } catch {
                events.abandon(revision, of: conversation)
                throw error
            }
        }
    }

    private func find(_ id: MessageID) async throws -> Message {
        guard let message = try await store.find(id) else { throw ChatError.notFound("message") }
        return message
    }
}
