import Chat
import ChatModel

extension Conversation: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("kind", kind.rawValue)
            json.field("title", title)
            json.field("visibility", visibility?.rawValue)
            json.field("members", members)
            json.field("memberCount", memberCount)
            json.field("lastSeq", lastSeq)
            json.field("revision", revision)
            if let lastMessage { json.field("lastMessage", lastMessage) }
            if let me { json.field("me", me) }
            if let others { json.field("others", others) }
            json.field("unreadCount", unreadCount)
            json.field("unreadMentions", unreadMentions)
            if let invitation { json.field("invitation", invitation) }
            json.field("createdAt", createdAt)
            json.field("updatedAt", updatedAt)
        }
    }
}

extension Conversation.Own: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("role", role.rawValue)
            json.field("deliveredSeq", deliveredSeq)
            json.field("readSeq", readSeq)
            json.fields(of: attention)
        }
    }
}

extension Conversation.Marks: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("deliveredSeq", deliveredSeq)
            json.field("readSeq", readSeq)
        }
    }
}

extension Conversation.Invitation: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("by", by)
            json.field("at", at)
        }
    }
}

extension Member: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.name("user")
            json.repeated(user)
            json.field("role", role.rawValue)
            json.field("deliveredSeq", deliveredSeq)
            json.field("readSeq", readSeq)
        }
    }
}

extension Sync.Changes: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("revision", revision)
            if let conversation { json.field("conversation", conversation) }
            json.field("messages", messages)
            json.field("more", more)
        }
    }
}
