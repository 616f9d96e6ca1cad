import Chat
import ChatModel
import NIOCore
import SocketIO

/// Events as clients get them: their names and payloads.
struct EventEncoding: LiveEncoder {
    /// A message of at most so many bytes is sent whole for each reaction to it, to every device of every member. Of a
    /// longer one, only the reaction is sent.
    private static let maxReactedMessage = 4096

    func encode(_ message: Message) -> (name: String, json: ByteBuffer) {
        (ServerEvent.messageReceived.rawValue, message.json)
    }

    func encode(_ event: ChatEvent) -> (name: String, json: ByteBuffer)? {
        Self.encode(event).map { (name: $0.name.rawValue, json: $0.payload.bytes) }
    }

    static func encode(_ event: ChatEvent) -> (name: ServerEvent, payload: JSONFragment)? {
        switch event {
        case .messageUpdated(let message): (.messageUpdated, JSONFragment(writing: message))
        case .messageDeleted(let message): (.messageDeleted, JSONFragment(writing: message))
        case .reactionChanged(let reacting, let message): encode(reacting, message)
        case .marksMoved(let conversation, let marks, _):
            (.messageStatus, JSONFragment(writing: JoinedMarks(conversation: conversation, marks: marks)))
        case .typingBegan(let conversation, let typist, _):
            (.typing, JSONFragment(writing: TypingChange(conversation: conversation, user: typist.id, typist: typist)))
        case .typingEnded(let conversation, let user, _):
            (.typing, JSONFragment(writing: TypingChange(conversation: conversation, user: user)))
        case .conversationCreated(let conversation, _): (.conversationCreated, JSONFragment(writing: conversation))
        case .conversationUpdated(let conversation, _): (.conversationUpdated, JSONFragment(writing: conversation))
        case .conversationRenamed(let conversation, let title, let revision):
            (
                .conversationRenamed,
                JSONFragment(writing: TitleChange(conversation: conversation, title: title, revision: revision))
            )
        case .roleChanged(let conversation, let user, let role, let revision):
            (
                .memberUpdated,
                JSONFragment(
                    writing: RoleChange(conversation: conversation, user: user, role: role, revision: revision))
            )
        case .conversationRemoved(let conversation, _, let revision):
            (
                .conversationRemoved,
                JSONFragment(writing: ConversationRemoval(conversation: conversation, revision: revision))
            )
        case .memberJoined(let conversation, let member, let change):
            (
                .memberJoined,
                JSONFragment(
                    writing: MemberCount(
                        conversation: conversation, user: member.user.id, member: member, change: change))
            )
        case .memberLeft(let conversation, let user, let change):
            (.memberLeft, JSONFragment(writing: MemberCount(conversation: conversation, user: user, change: change)))
        case .userStatus(let user, let status, let lastSeenAt, _):
            (.userStatus, JSONFragment(writing: StatusChange(user: user, status: status, lastSeenAt: lastSeenAt)))
        case .userUpdated(let user, _): (.userUpdated, JSONFragment(writing: user))
        case .blocked(let blocked, _, let isBlocked):
            (.userBlocked, JSONFragment(writing: BlockChange(user: blocked, isBlocked: isBlocked)))
        case .attentionChanged(let attention, let conversation, _):
            (.userSettings, JSONFragment(writing: SettingsChange(conversation: conversation, attention: attention)))
        case .muted(_, let until): (.userMuted, JSONFragment(writing: MuteChange(until: until)))
        }
    }

    private static func encode(
        _ reacting: Reacting, _ message: Message
    ) -> (name: ServerEvent, payload: JSONFragment) {
        let whole = JSONFragment(writing: message)
        if whole.bytes.readableBytes <= maxReactedMessage { return (.messageUpdated, whole) }
        return (.messageReactions, JSONFragment(writing: ReactionChange(reacting: reacting, message: message)))
    }
}
