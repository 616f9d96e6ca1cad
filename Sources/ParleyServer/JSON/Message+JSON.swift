import ChatModel
import NIOCore

/// The values that are written without an encoder, with the fields of their `Encodable` form.
protocol JSONWritable: Sendable {
    /// Writes one JSON value.
    func write(to json: inout JSONWriter)
}

extension JSONWritable {
    var json: ByteBuffer {
        var writer = JSONWriter()
        write(to: &writer)
        return writer.buffer
    }
}

extension ID: JSONWritable {
    func write(to json: inout JSONWriter) { json.string(description) }
}

extension JSONWriter {
    mutating func field<Entity>(_ name: StaticString, _ id: ID<Entity>) { field(name, id.description) }

    mutating func field<Entity>(_ name: StaticString, _ id: ID<Entity>?) { field(name, id?.description) }

    mutating func field(_ name: StaticString, _ value: some JSONWritable) {
        self.name(name)
        value.write(to: &self)
    }

    mutating func field(_ name: StaticString, _ values: [some JSONWritable]) {
        field(name, values) { json, value in value.write(to: &json) }
    }
}

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

extension Sender: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("username", username)
            json.field("displayName", displayName)
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

extension Upload: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("ownerId", ownerId)
            json.field("name", name)
            json.field("type", type)
            json.field("size", size)
            json.field("sha256", sha256)
            json.field("kind", kind.rawValue)
            json.field("width", width)
            json.field("height", height)
            json.field("duration", duration)
            json.field("blurhash", blurhash)
            json.field("url", url)
            json.field("thumbnails", thumbnails)
            json.field("createdAt", createdAt)
        }
    }
}

extension Upload.Thumbnail: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("size", size)
            json.field("width", width)
            json.field("height", height)
            json.field("url", url)
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
