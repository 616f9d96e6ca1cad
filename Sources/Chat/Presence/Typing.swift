public import ChatModel
import ChatStore
import Synchronization

/// Who is typing in which conversation. Typing ends when the client says so, when it sends the message, or by itself.
public final class Typing: Sendable {
    static let duration: Duration = .seconds(6)

    private struct Key: Hashable {
        var conversation: ConversationID
        var user: UserID
    }

    private let timers = Mutex<[Key: Task<Void, Never>]>([:])
    private let conversations: ConversationStore
    private let events: any EventSink

    init(conversations: ConversationStore, events: any EventSink) {
        self.conversations = conversations
        self.events = events
    }

    /// - Throws: `not_a_member`, `not_found` or `muted`.
    public func set(
        _ active: Bool, in conversation: ConversationID, by user: UserID, origin: ConnectionID?
    ) async throws {
        guard let speaker = try await conversations.speaker(user, in: conversation) else {
            throw ChatError.notFound("conversation")
        }
        guard active else {
            try Permissions.read(speaker.membership)
            return end(in: conversation, by: user, origin: origin)
        }
        try Permissions.speak(speaker.membership)
        let key = Key(conversation: conversation, user: user)
        let timer = Task { [weak self] in
            guard (try? await Task.sleep(for: Self.duration)) != nil, let self, stop(key) else { return }
            events.deliver(.typingEnded(conversation: conversation, by: user, origin: nil))
        }
        timers.withLock { $0.updateValue(timer, forKey: key) }?.cancel()
        events.deliver(.typingBegan(conversation: conversation, by: speaker.name, origin: origin))
    }

    /// Somebody types at another server, which may die before it says that they have stopped.
    func hear(_ active: Bool, in conversation: ConversationID, by user: UserID, ended: @escaping @Sendable () -> Void) {
        let key = Key(conversation: conversation, user: user)
        guard active else {
            _ = stop(key)
            return
        }
        let timer = Task { [weak self] in
            guard (try? await Task.sleep(for: Self.duration)) != nil, let self, stop(key) else { return }
            ended()
        }
        timers.withLock { $0.updateValue(timer, forKey: key) }?.cancel()
    }

    /// The message that was being typed has been sent.
    func end(in conversation: ConversationID, by user: UserID, origin: ConnectionID?) {
        guard stop(Key(conversation: conversation, user: user)) else { return }
        events.deliver(.typingEnded(conversation: conversation, by: user, origin: origin))
    }

    /// The user's last device is gone, so nothing is being typed any more.
    public func end(of user: UserID) {
        let keys = timers.withLock { $0.keys.filter { $0.user == user } }
        for key in keys { end(in: key.conversation, by: user, origin: nil) }
    }

    private func stop(_ key: Key) -> Bool {
        guard let timer = timers.withLock({ $0.removeValue(forKey: key) }) else { return false }
        timer.cancel()
        return true
    }
}
