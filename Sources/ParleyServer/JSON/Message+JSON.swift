import ChatModel

extension Message: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("conversationId", conversationId)
            json.field("seq", seq)
            json.field("revision", revision)
            json.field("sender", sender)
            json.field("text", text)
            json.field("attachments", attachments)
            json.field("filesUrl", filesUrl)
            if !mentions.isEmpty { json.field("mentions", mentions) }
            if mentionsAll { json.field("mentionsAll", true) }
            if let card { json.field("card", card) }
            json.field("replyTo", replyTo)
            json.field("reactions", reactions)
            json.field("clientId", clientId)
            json.field("status", status.rawValue)
            json.field("createdAt", createdAt)
            json.field("editedAt", editedAt)
            json.field("deletedAt", deletedAt)
        }
    }
}

extension Message.Reaction: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("emoji", emoji)
            json.field("userIds", userIds)
        }
    }
}

/// `{message}` of REST, and `{ok,message}` of an acknowledgement.
struct MessageAnswer: JSONWritable {
    var message: Message
    var isAcknowledgement = false

    func write(to json: inout JSONWriter) {
        json.object { json in
            if isAcknowledgement { json.field("ok", true) }
            json.field("message", message)
        }
    }
}
