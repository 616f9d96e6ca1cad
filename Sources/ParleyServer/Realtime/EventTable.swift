import Chat
import ChatModel
import Logging
import SocketIO

/// The events that clients send (docs/EVENTS.md). Each is bound to its operation in one table; all are paid for, run and
/// acknowledged in one place. The use cases are those of the REST routes.
struct EventTable: Sendable {
    private struct Entry: Sendable {
        let operation: APIOperation
        let run: @Sendable (EventTable, EventRequest) throws -> Void

        init(_ operation: APIOperation, _ run: @escaping @Sendable (EventTable, EventRequest) throws -> Void) {
            self.operation = operation
            self.run = run
        }
    }

    let chat: Chat
    let limits: RateLimits
    let logger: Logger

    private static let entries: [String: Entry] = [
        "message:send": .init(.sendMessage) { try $0.send($1) },
        "message:edit": .init(.editMessage) { try $0.edit($1) },
        "message:delete": .init(.deleteMessage) { try $0.delete($1) },
        "message:react": .init(.react) { try $0.react($1) },
        "message:dismissCard": .init(.dismissCard) { try $0.dismissCard($1) },
        "message:delivered": .init(.markDelivered) { try $0.mark($1, read: false) },
        "message:read": .init(.markRead) { try $0.mark($1, read: true) },
        "typing": .init(.setTyping) { try $0.setTyping($1) },
        "conversation:join": .init(.joinGroup) { try $0.join($1) },
        "conversation:accept": .init(.acceptInvitation) { try $0.accept($1) },
        "conversation:leave": .init(.leaveGroup) { try $0.leave($1) },
        "conversation:hide": .init(.hideConversation) { try $0.hide($1) },
        "conversation:settings": .init(.setAttention) { try $0.setAttention($1) },
        "sync": .init(.sync) { try $0.sync($1) },
    ]

    /// What events are bound to.
    static let events: [String: APIOperation] = entries.mapValues(\.operation)

    /// On the socket's event loop, in the order of arrival.
    func handle(_ event: InboundEvent, from socket: Socket, _ caller: Caller) {
        let reply = EventReply(acknowledgement: event.acknowledgement, logger: logger)
        let entry = event.name.utf8.count <= 64 ? Self.entries[event.name] : nil
        do throws(ChatError) {
            try limits.charge(for: entry?.operation, bytes: event.size, to: caller.user)
        } catch {
            reply.fail(error)
            if isStubborn(caller.user) { socket.disconnect(close: true) }
            return
        }
        guard let entry else {
            return reply.fail(ChatError(.notFound, "there is no event \(event.name.prefix(60))"))
        }
        let request = EventRequest(
            payload: event.arguments.first ?? JSONFragment(json: "{}"), caller: caller,
            connection: ConnectionID(socket.id), reply: reply)
        do {
            try entry.run(self, request)
        } catch {
            reply.fail(error)
        }
    }

    /// Whether the user's clients go on sending what is refused.
    private func isStubborn(_ user: UserID) -> Bool {
        do throws(ChatError) {
            try limits.spend(.refusedEvents, of: .user(user))
            return false
        } catch {
            return true
        }
    }
}
