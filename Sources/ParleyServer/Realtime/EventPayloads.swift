import ChatModel
import Foundation

/// The payload of `message:reactions`.
struct ReactionChange: JSONWritable {
    var reacting: Reacting
    var message: Message

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("conversationId", message.conversationId)
            json.field("messageId", message.id)
            json.field("revision", reacting.revision)
            json.field("emoji", reacting.emoji)
            json.field("userId", reacting.user)
            json.field("add", reacting.isAdded)
        }
    }
}

/// The payload of `message:status`.
struct MarksChange: JSONWritable {
    var marks: MemberMarks

    func write(to json: inout JSONWriter) {
        json.object { $0.fields(of: marks, alone: true) }
    }
}

/// The payload of `message:status` for clients that take several marks at once.
struct JoinedMarks: JSONWritable {
    var conversation: ConversationID
    var marks: [MemberMarks]

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("conversationId", conversation)
            json.field("marks", marks) { json, marks in json.object { $0.fields(of: marks, alone: false) } }
        }
    }
}

/// `JoinedMarks` of another server.
struct RelayedMarks: Decodable {
    private struct Each: Decodable {
        var userId: UserID
        var deliveredSeq: Int
        var readSeq: Int
    }

    let conversation: ConversationID
    let marks: [MemberMarks]

    private enum CodingKeys: String, CodingKey { case conversationId, marks }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let conversation = try container.decode(ConversationID.self, forKey: .conversationId)
        self.conversation = conversation
        marks = try container.decode([Each].self, forKey: .marks).map {
            MemberMarks(
                conversation: conversation, user: $0.userId, deliveredSeq: $0.deliveredSeq, readSeq: $0.readSeq)
        }
    }
}

extension JSONWriter {
    /// - Parameter alone: Whether the conversation is not named elsewhere.
    mutating func fields(of marks: MemberMarks, alone: Bool) {
        if alone { field("conversationId", marks.conversation) }
        field("userId", marks.user)
        field("deliveredSeq", marks.deliveredSeq)
        field("readSeq", marks.readSeq)
    }
}

/// The payload of `typing`.
struct TypingChange: JSONWritable {
    var conversation: ConversationID
    var user: UserID
    /// nil when the typing has ended.
    var typist: Sender?

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("conversationId", conversation)
            json.field("userId", user)
            json.field("active", typist != nil)
            if let typist { json.field("user", typist) }
        }
    }
}

/// The payload of `user:status`.
struct StatusChange: JSONWritable {
    var user: UserID
    var status: User.Status
    var lastSeenAt: Date?

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("userId", user)
            json.field("status", status.rawValue)
            json.field("lastSeenAt", lastSeenAt)
        }
    }
}

/// The payload of `user:muted`.
struct MuteChange: JSONWritable {
    var until: Date?

    func write(to json: inout JSONWriter) { json.object { $0.field("until", until) } }
}

/// The payload of `user:blocked`.
struct BlockChange: JSONWritable {
    var user: UserID
    var isBlocked: Bool

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("userId", user)
            json.field("blocked", isBlocked)
        }
    }
}

/// The payload of `user:settings`.
struct SettingsChange: JSONWritable {
    var conversation: ConversationID
    var attention: Attention

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("conversationId", conversation)
            json.fields(of: attention)
        }
    }
}

/// The payload of `conversation:renamed`.
struct TitleChange: JSONWritable {
    var conversation: ConversationID
    var title: String
    var revision: Int

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", conversation)
            json.field("title", title)
            json.field("revision", revision)
        }
    }
}

/// The payload of `conversation:removed`.
struct ConversationRemoval: JSONWritable {
    var conversation: ConversationID
    var revision: Int

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", conversation)
            json.field("revision", revision)
        }
    }
}

/// The payload of `member:updated`.
struct RoleChange: JSONWritable {
    var conversation: ConversationID
    var user: UserID
    var role: Member.Role
    var revision: Int

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("conversationId", conversation)
            json.field("userId", user)
            json.field("role", role.rawValue)
            json.field("revision", revision)
        }
    }
}

/// The payload of `member:joined` and `member:left`.
struct MemberCount: JSONWritable {
    var conversation: ConversationID
    var user: UserID
    /// nil when the member has left.
    var member: Member?
    var change: MembershipChange

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("conversationId", conversation)
            json.field("userId", user)
            if let member { json.field("member", member) }
            json.field("memberCount", change.memberCount)
            json.field("revision", change.revision)
        }
    }
}

/// The payload of `session:revoked`.
struct SessionEnd: JSONWritable {
    var code: ChatError.Code
    var ban: Ban?

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("code", code.description)
            json.field(ban)
        }
    }
}
