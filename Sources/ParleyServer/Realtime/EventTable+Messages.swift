import Chat
import ChatModel
import SocketIO

extension EventTable {
    /// Handed over on the event loop, so that a sender's messages are stored in the order in which they came.
    func send(_ event: EventRequest) throws {
        chat.messages.submit(try event.read(MessageRequest.self), from: event.caller.user, origin: event.connection) {
            result in
            switch result {
            case .success(let sent): event.reply.succeed(MessageAnswer(message: sent.message, isAcknowledgement: true))
            case .failure(let error): event.reply.fail(error)
            }
        }
    }

    private struct Edit: Decodable {
        var messageId: MessageID
        var text: String
    }

    func edit(_ event: EventRequest) throws {
        let edit = try event.read(Edit.self)
        event.answer {
            try await acknowledge(chat.messages.edit(edit.messageId, text: edit.text, by: event.caller.user))
        }
    }

    /// Of a whole message.
    private struct Naming: Decodable {
        var messageId: MessageID
    }

    func delete(_ event: EventRequest) throws {
        let message = try event.read(Naming.self).messageId
        event.answer { try await acknowledge(chat.messages.delete(message, by: event.caller.user)) }
    }

    func dismissCard(_ event: EventRequest) throws {
        let message = try event.read(Naming.self).messageId
        event.answer { try await acknowledge(chat.messages.dismissCard(message, by: event.caller.user)) }
    }

    private struct Reaction: Decodable {
        var messageId: MessageID
        var emoji: String
        var add: Bool
    }

    func react(_ event: EventRequest) throws {
        let reaction = try event.read(Reaction.self)
        event.answer {
            try await acknowledge(
                chat.messages.react(
                    reaction.messageId, emoji: reaction.emoji, add: reaction.add, by: event.caller.user))
        }
    }

    private func acknowledge(_ message: Message) -> MessageAnswer {
        MessageAnswer(message: message, isAcknowledgement: true)
    }

    private struct Mark: PlainlyReadable {
        var conversationId: ConversationID
        var seq: Int

        init?(plain members: [JSONFragment.Member]) {
            guard members.count == 2, members[0].name == "conversationId", members[1].name == "seq",
                let conversation = members[0].value.plainString, let seq = Int(members[1].value.description)
            else { return nil }
            conversationId = ConversationID(conversation) ?? .unknown
            self.seq = seq
        }
    }

    func mark(_ event: EventRequest, read: Bool) throws {
        let mark = try event.read(Mark.self)
        chat.messages.mark(mark.seq, read: read, in: mark.conversationId, by: event.caller.user) { result in
            switch result {
            case .success: event.reply.succeed()
            case .failure(let error): event.reply.fail(error)
            }
        }
    }
}
