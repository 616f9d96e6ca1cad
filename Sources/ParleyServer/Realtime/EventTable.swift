import Chat
import ChatModel
import ChatStore
import Foundation
import Logging
import NIOCore
import SocketIO

/// The events that clients send: each a line in the table, checked, run and acknowledged in one place.
///
/// The use cases are those of the REST routes.
struct EventTable: Sendable {
    /// An event with its payload still in JSON.
    struct Incoming: Sendable {
        let payload: JSONFragment
        let caller: Caller
        let connection: ConnectionID
        let reply: Reply

        func read<Payload: Decodable>(_ type: Payload.Type = Payload.self) throws(ChatError) -> Payload {
            try JSON.decode(type, from: payload)
        }

        func read<Payload: PlainlyReadable>(_ type: Payload.Type = Payload.self) throws(ChatError) -> Payload {
            try JSON.read(type, from: payload)
        }
    }

    private struct Entry: Sendable {
        /// Which of its user's limits the event counts towards.
        let rule: RateLimits.Rule
        let run: @Sendable (EventTable, Incoming) throws -> Void

        init(_ rule: RateLimits.Rule, _ run: @escaping @Sendable (EventTable, Incoming) throws -> Void) {
            self.rule = rule
            self.run = run
        }
    }

    let chat: Chat
    let limits: RateLimits
    let logger: Logger

    private static let table: [String: Entry] = [
        "message:send": .init(.messages) { try $0.send($1) },
        "message:edit": .init(.messages) { try $0.edit($1) },
        "message:delete": .init(.messages) { try $0.delete($1) },
        "message:react": .init(.messages) { try $0.react($1) },
        "message:delivered": .init(.requests) { try $0.mark($1, read: false) },
        "message:read": .init(.requests) { try $0.mark($1, read: true) },
        "typing": .init(.typing) { try $0.typing($1) },
        "conversation:join": .init(.joins) { try $0.join($1) },
        "conversation:accept": .init(.joins) { try $0.accept($1) },
        "conversation:leave": .init(.joins) { try $0.leave($1) },
        "sync": .init(.requests) { try $0.sync($1) },
    ]

    /// On the socket's event loop, in the order of arrival.
    func handle(_ event: InboundEvent, from socket: Socket, _ caller: Caller) {
        let reply = Reply(acknowledgement: event.acknowledgement, logger: logger)
        let entry = event.name.utf8.count <= 64 ? Self.table[event.name] : nil
        do throws(ChatError) {
            try limits.spendReading(bytes: event.size, of: .user(caller.user))
            try limits.spend(entry?.rule ?? .requests, of: .user(caller.user))
        } catch {
            reply.fail(error)
            do throws(ChatError) {
                try limits.spend(.refusedEvents, of: .user(caller.user))
            } catch {
                socket.disconnect(close: true)
            }
            return
        }
        guard let entry else {
            return reply.fail(ChatError(.notFound, "there is no event \(event.name.prefix(60))"))
        }
        let incoming = Incoming(
            payload: event.arguments.first ?? JSONFragment(json: "{}"), caller: caller,
            connection: ConnectionID(socket.id), reply: reply)
        do {
            try entry.run(self, incoming)
        } catch {
            reply.fail(error)
        }
    }

    // MARK: Messages

    /// Handed over on the event loop, so that a sender's messages are stored in the order they came in.
    private func send(_ event: Incoming) throws {
        chat.messages.submit(try event.read(MessageRequest.self), from: event.caller.user, origin: event.connection) {
            result in
            switch result {
            case .success(let sent): event.reply.succeed(message: sent.message)
            case .failure(let error): event.reply.fail(error)
            }
        }
    }

    private struct Edit: Decodable {
        var messageId: MessageID
        var text: String
    }

    private func edit(_ event: Incoming) throws {
        let edit = try event.read(Edit.self)
        event.answer { try await chat.messages.edit(edit.messageId, text: edit.text, by: event.caller.user) }
    }

    private struct Deletion: Decodable {
        var messageId: MessageID
    }

    private func delete(_ event: Incoming) throws {
        let deletion = try event.read(Deletion.self)
        event.answer { try await chat.messages.delete(deletion.messageId, by: event.caller.user) }
    }

    private struct Reaction: Decodable {
        var messageId: MessageID
        var emoji: String
        var add: Bool
    }

    private func react(_ event: Incoming) throws {
        let reaction = try event.read(Reaction.self)
        event.answer {
            try await chat.messages.react(
                reaction.messageId, emoji: reaction.emoji, add: reaction.add, by: event.caller.user)
        }
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

    private func mark(_ event: Incoming, read: Bool) throws {
        let mark = try event.read(Mark.self)
        chat.messages.mark(mark.seq, read: read, in: mark.conversationId, by: event.caller.user) { result in
            switch result {
            case .success: event.reply.succeed()
            case .failure(let error): event.reply.fail(error)
            }
        }
    }

    // MARK: Conversations

    private struct TypingChange: Decodable {
        var conversationId: ConversationID
        var active: Bool
    }

    private func typing(_ event: Incoming) throws {
        let change = try event.read(TypingChange.self)
        event.answer {
            try await chat.typing.set(
                change.active, in: change.conversationId, by: event.caller.user, origin: event.connection)
        }
    }

    private struct ConversationReference: Decodable {
        var conversationId: ConversationID
    }

    private struct AcceptAnswer: JSONWritable {
        var conversation: Conversation

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("ok", true)
                json.field("conversation", conversation)
            }
        }
    }

    private func accept(_ event: Incoming) throws {
        let id = try event.read(ConversationReference.self).conversationId
        event.answer { AcceptAnswer(conversation: try await chat.conversations.accept(id, by: event.caller.user)) }
    }

    private struct JoinAnswer: JSONWritable {
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

    private func join(_ event: Incoming) throws {
        let id = try event.read(ConversationReference.self).conversationId
        event.answer {
            let conversation = try await chat.conversations.join(id, by: event.caller.user)
            let newest = try await chat.messages.newest(of: id, for: event.caller.user)
            return JoinAnswer(conversation: conversation, messages: newest)
        }
    }

    private func leave(_ event: Incoming) throws {
        let id = try event.read(ConversationReference.self).conversationId
        event.answer {
            try await chat.conversations.leave(id, by: event.caller.user)
        }
    }

    private struct SyncRequest {
        static let maximumKnown = 10_000

        var known: [ConversationID: Int] = [:]
        /// What is no id, and so is answered like an unknown one.
        var malformed: [String] = []

        /// Without a decoder, which takes as long for an id as this for ten.
        init(_ payload: JSONFragment) throws(ChatError) {
            guard let members = try? payload.members(atMost: 64) else {
                throw ChatError(.malformedRequest, "the payload is no object of at most 64 members")
            }
            guard let field = members.last(where: { $0.name == "known" })?.value, field.description != "null" else {
                return
            }
            for (name, value) in try Self.entries(field) {
                guard let revision = Int(value.description) else {
                    throw .invalid("known", "a revision is a whole number")
                }
                if let id = ConversationID(name) { known[id] = revision } else { malformed.append(name) }
            }
        }

        private static func entries(_ known: JSONFragment) throws(ChatError) -> [JSONFragment.Member] {
            do throws(JSONFragment.TooManyMembers) {
                if let entries = try known.members(atMost: maximumKnown) { return entries }
            } catch {
                throw .invalid("known", "at most \(maximumKnown) conversations")
            }
            throw .invalid("known", "has the wrong type")
        }
    }

    private struct SyncAnswer: JSONWritable {
        var conversations: [Sync.Changes]
        var removed: [String]

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("ok", true)
                json.field("conversations", conversations)
                json.field("removed", removed) { $0.string($1) }
            }
        }
    }

    private func sync(_ event: Incoming) throws {
        let request = try SyncRequest(event.payload)
        event.answer {
            let changes = try await chat.sync.changes(for: event.caller.user, known: request.known)
            return SyncAnswer(
                conversations: changes.conversations,
                removed: changes.removed.map(\.description) + request.malformed.sorted())
        }
    }
}

extension EventTable.Incoming {
    /// Runs a use case off the event loop and acknowledges with what it returns.
    func answer(_ body: @escaping @Sendable () async throws -> Void) {
        run {
            try await body()
            reply.succeed()
        }
    }

    func answer(_ body: @escaping @Sendable () async throws -> Message) {
        run { reply.succeed(message: try await body()) }
    }

    func answer<Answer: JSONWritable>(_ body: @escaping @Sendable () async throws -> Answer) {
        run { reply.succeed(writing: try await body()) }
    }

    private func run(_ body: @escaping @Sendable () async throws -> Void) {
        Task {
            do {
                try await body()
            } catch {
                reply.fail(error)
            }
        }
    }
}

/// The acknowledgement of one event, for a client that asked for one.
struct Reply: Sendable {
    let acknowledgement: Acknowledgement?
    let logger: Logger

    /// Written without an encoder: refusals come by the thousand.
    private struct Failure: JSONWritable {
        var error: ChatError

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("ok", false)
                json.name("error")
                json.object { json in
                    json.field("code", error.code.description)
                    json.field("detail", error.detail)
                    json.field("field", error.field)
                    json.field("retryAfter", error.retryAfter)
                }
            }
        }
    }

    /// `{"ok":true}`, which is the same every time.
    func succeed() { acknowledgement?([Self.done]) }

    private static let done = JSONFragment(json: #"{"ok":true}"#)

    func succeed(message: Message) { succeed(writing: MessageAnswer(message: message, isAcknowledgement: true)) }

    func succeed(writing answer: some JSONWritable) { acknowledgement?([JSONFragment(writing: answer)]) }

    func fail(_ error: any Error) {
        guard let acknowledgement else { return }
        acknowledgement([JSONFragment(writing: Failure(error: ChatError(databaseError: error, logger: logger)))])
    }
}
