import Chat
import ChatModel

extension EventTable {
    private struct TypingRequest: Decodable {
        var conversationId: ConversationID
        var active: Bool
    }

    func setTyping(_ event: EventRequest) throws {
        let typing = try event.read(TypingRequest.self)
        event.answer {
            try await chat.typing.set(
                typing.active, in: typing.conversationId, by: event.caller.user, origin: event.connection)
        }
    }

    private struct ConversationReference: Decodable {
        var conversationId: ConversationID
    }

    func accept(_ event: EventRequest) throws {
        let id = try event.read(ConversationReference.self).conversationId
        event.answer {
            ConversationAnswer(conversation: try await chat.conversations.accept(id, by: event.caller.user))
        }
    }

    func join(_ event: EventRequest) throws {
        let id = try event.read(ConversationReference.self).conversationId
        event.answer {
            let conversation = try await chat.conversations.join(id, by: event.caller.user)
            let newest = try await chat.messages.newest(of: id, for: event.caller.user, measure: .json)
            return JoinAnswer(conversation: conversation, messages: newest)
        }
    }

    func leave(_ event: EventRequest) throws {
        let id = try event.read(ConversationReference.self).conversationId
        event.answer { try await chat.conversations.leave(id, by: event.caller.user) }
    }

    func hide(_ event: EventRequest) throws {
        let id = try event.read(ConversationReference.self).conversationId
        event.answer { try await chat.conversations.hide(id, by: event.caller.user) }
    }

    func setAttention(_ event: EventRequest) throws {
        let id = try event.read(ConversationReference.self).conversationId
        let change = try event.read(AttentionRequest.self).change
        event.answer {
            ConversationAnswer(conversation: try await chat.attention.change(change, of: id, by: event.caller.user))
        }
    }

    func sync(_ event: EventRequest) throws {
        let request = try SyncRequest(event.payload)
        event.answer {
            let changes = try await chat.sync.changes(
                for: event.caller.user, known: request.known, since: request.cursor, measure: .json)
            return SyncAnswer(
                conversations: changes.conversations,
                removed: changes.removed.map(\.description) + request.malformed.sorted(),
                unrevised: changes.unrevised)
        }
    }
}

/// The acknowledgement of `conversation:accept` and `conversation:settings`.
struct ConversationAnswer: JSONWritable {
    var conversation: Conversation

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("ok", true)
            json.field("conversation", conversation)
        }
    }
}

/// The acknowledgement of `conversation:join`.
struct JoinAnswer: JSONWritable {
    var conversation: Conversation
    var messages: [Message]

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("ok", true)
            json.field("conversation", conversation)
            json.field("messages", messages)
        }
    }
}
