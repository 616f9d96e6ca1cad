import ChatModel
import NIOCore
import SocketIO

/// A payload of a frequent event. Its usual form is read without a decoder.
protocol PlainlyReadable: Decodable {
    /// - Returns: nil for everything unusual (escapes, other types, null, repeated names) or wrong. The decoder then
    ///   makes a value or an error of it.
    init?(plain members: [JSONFragment.Member])
}

extension JSON {
    /// - Throws: As `decode` of bytes, and `too_large`.
    static func decode<Value: Decodable>(_ type: Value.Type, from json: JSONFragment) throws(ChatError) -> Value {
        guard json.bytes.readableBytes <= maxBytes else {
            throw ChatError(.tooLarge, "the payload: at most \(maxBytes) bytes")
        }
        _ = try members(of: json)
        return try decode(type, from: json.bytes)
    }

    /// The decoder reads all members of an object before it looks for those that it needs.
    private static func members(of json: JSONFragment) throws(ChatError) -> [JSONFragment.Member]? {
        do throws(JSONFragment.TooManyMembers) {
            return try json.members(atMost: maxMembers)
        } catch {
            throw ChatError(.malformedRequest, "the payload has more than \(maxMembers) members")
        }
    }

    private static let maxMembers = 64

    /// - Throws: As `decode`.
    static func read<Value: PlainlyReadable>(_ type: Value.Type, from json: JSONFragment) throws(ChatError) -> Value {
        if let members = try members(of: json), let plain = Value(plain: members) { return plain }
        return try decode(type, from: json)
    }
}

extension MessageRequest: PlainlyReadable {
    init?(plain members: [JSONFragment.Member]) {
        var fields: (conversation: String?, recipient: String?, text: String?, replyTo: String?, client: String?)
        for (name, value) in members {
            guard let text = value.plainString else { return nil }
            switch name {
            case "conversationId" where fields.conversation == nil: fields.conversation = text
            case "recipientId" where fields.recipient == nil: fields.recipient = text
            case "text" where fields.text == nil: fields.text = text
            case "replyTo" where fields.replyTo == nil: fields.replyTo = text
            case "clientId" where fields.client == nil: fields.client = text
            default: return nil
            }
        }
        self.init(
            conversationId: fields.conversation.map { ConversationID($0) ?? .unknown },
            recipientId: fields.recipient.map { UserID($0) ?? .unknown }, text: fields.text,
            replyTo: fields.replyTo.map { MessageID($0) ?? .unknown }, clientId: fields.client)
    }
}
