import ChatModel
import ChatStore
import Logging
import Synchronization

/// Finds or makes the direct conversation for a message to a person. A sender's messages to the same person keep their
/// order: those that arrive during the search wait for it.
final class DirectConversations: Sendable {
    typealias Completion = @Sendable (Result<ConversationID, ChatError>) -> Void

    private struct Pair: Hashable {
        let low: UserID
        let high: UserID

        init(_ one: UserID, _ other: UserID) { (low, high) = one < other ? (one, other) : (other, one) }
    }

    private enum Entry {
        case known(ConversationID)
        case resolving([Completion])
    }

    /// How many are remembered. Direct conversations are never deleted, so this only limits the memory.
    private static let maxKnown = 100_000

    private let entries = Mutex<[Pair: Entry]>([:])
    private let conversations: Conversations
    private let logger: Logger

    init(conversations: Conversations, logger: Logger) {
        self.conversations = conversations
        self.logger = logger
    }

    func resolve(_ sender: UserID, to recipient: UserID, complete: @escaping Completion) {
        let pair = Pair(sender, recipient)
        enum Step {
            case answer(ConversationID)
            case look, wait
        }
        let step = entries.withLock { entries -> Step in
            switch entries[pair] {
            case .known(let id): return .answer(id)
            case .resolving(let waiting):
                entries[pair] = .resolving(waiting + [complete])
                return .wait
            case nil:
                if entries.count >= Self.maxKnown {
                    entries = entries.filter { if case .resolving = $0.value { true } else { false } }
                }
                entries[pair] = .resolving([complete])
                return .look
            }
        }
        switch step {
        case .answer(let id): complete(.success(id))
        case .wait: return
        case .look: Task { await look(pair, sender: sender, recipient: recipient) }
        }
    }

    private func look(_ pair: Pair, sender: UserID, recipient: UserID) async {
        let result: Result<ConversationID, ChatError>
        do {
            result = .success(try await conversations.direct(between: sender, and: recipient).id)
        } catch {
            result = .failure(ChatError(databaseError: error, logger: logger))
        }
        // Callers that arrive while we answer are appended. Only when nobody waits does the answer replace the list.
        while true {
            let waiting = entries.withLock { entries -> [Completion] in
                guard case .resolving(let waiting) = entries[pair], !waiting.isEmpty else {
                    entries[pair] = (try? result.get()).map { .known($0) }
                    return []
                }
                entries[pair] = .resolving([])
                return waiting
            }
            if waiting.isEmpty { return }
            for complete in waiting { complete(result) }
        }
    }
}
