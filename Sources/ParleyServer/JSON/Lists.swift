import ChatModel

/// A page of conversations, `{conversations,nextCursor?}`.
struct ConversationList: JSONWritable {
    var conversations: [Conversation]
    var nextCursor: String?

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("conversations", conversations)
            json.field("nextCursor", nextCursor)
        }
    }
}

/// A page of messages, `{messages,hasMore}`.
struct MessageList: JSONWritable {
    var messages: [Message]
    var hasMore: Bool

    init(_ page: (messages: [Message], hasMore: Bool)) {
        messages = page.messages
        hasMore = page.hasMore
    }

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("messages", messages)
            json.field("hasMore", hasMore)
        }
    }
}

/// `{users}`
struct UserList: JSONWritable {
    var users: [User]

    func write(to json: inout JSONWriter) { json.object { $0.field("users", users) } }
}

/// A page of members, `{members,nextCursor?}`.
struct MemberList: JSONWritable {
    var members: [Member]
    var nextCursor: String?

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("members", members)
            json.field("nextCursor", nextCursor)
        }
    }
}

/// `{uploads}`
struct UploadList: JSONWritable {
    var uploads: [Upload]

    func write(to json: inout JSONWriter) { json.object { $0.field("uploads", uploads) } }
}

/// `{sessions}`
struct SessionList: JSONWritable {
    var sessions: [Session]

    func write(to json: inout JSONWriter) { json.object { $0.field("sessions", sessions) } }
}
