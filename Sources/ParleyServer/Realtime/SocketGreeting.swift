import Chat
import ChatModel
import Logging
import NIOCore
import SocketIO

/// What happens to a socket that has just connected: it joins its rooms, and its client is told what it needs to know.
struct SocketGreeting: Sendable {
    let chat: Chat
    let stream: ConversationStream
    /// Bytes that the greeting's messages may take together; the rest comes by `sync`.
    let maxBytes: Int
    let logger: Logger

    /// On the socket's event loop. The rooms of the user and the session come first: whatever happens to the user from
    /// here on reaches this socket, and the stream notes which conversations change while their list is read.
    ///
    /// Broadcasts are held until the greeting is out, and the greeting is read after the rooms are joined. So no message
    /// falls between the two. It has only messages that went out before that: those that follow come as broadcasts, among the
    /// user's own. So none overtakes an older one, and none comes twice: the socket remembers for a while which version of
    /// each message the greeting told.
    func welcome(_ socket: Socket, _ caller: Caller) {
        socket.holdBroadcasts()
        socket.join(.user(caller.user), .session(caller.session))
        let arrival = stream.beginArrival(of: caller.user)
        let first = chat.presence.enter(caller.user)
        Task(executorPreference: socket.executor) {
            do {
                // The session may have ended between the check of its token and the joining of its room.
                try await chat.accounts.revocations.check(user: caller.user, session: caller.session)
                let conversations = try await chat.greetings.conversations(of: caller.user)
                let positions = stream.endArrival(arrival, listed: conversations) {
                    socket.join($0.map(Room.conversation))
                }
                let online = try await chat.presence.announceArrival(of: caller.user, first: first)
                let sent = try await greet(socket, caller, online, upTo: positions)
                socket.releaseBroadcasts(except: sent)
            } catch {
                stream.cancelArrival(arrival)
                logger.debug("a socket could not be welcomed", metadata: ["error": "\(error)"])
                // Cut, and not sent away, so that its client connects again by itself.
                socket.cutConnection()
            }
        }
    }

    /// Sends `ready`, and then the oldest messages that the client has not confirmed.
    /// - Parameter positions: Of the last messages that the socket does not get as broadcasts.
    /// - Returns: The revisions of these messages.
    private func greet(
        _ socket: Socket, _ caller: Caller, _ online: [UserID], upTo positions: [ConversationID: Int]
    ) async throws -> [String: Int] {
        let greeting = try await chat.greetings.greeting(for: caller.user)
        socket.emit(
            .ready,
            Ready(
                user: greeting.user, online: online, undelivered: greeting.undelivered, cursor: greeting.cursor.text))
        guard !greeting.undelivered.isEmpty else { return [:] }
        var remaining = maxBytes
        var sent: [String: Int] = [:]
        for message in try await chat.sync.oldestUndelivered(to: caller.user)
        where message.seq <= positions[message.conversationId] ?? 0 {
            let fragment = JSONFragment(writing: message)
            remaining -= fragment.bytes.readableBytes
            guard remaining > 0 else { break }
            socket.emit(ServerEvent.messageReceived.rawValue, [fragment])
            sent[message.id.description] = message.revision
        }
        return sent
    }
}

/// The payload of `ready`.
struct Ready: JSONWritable {
    var user: User
    var online: [UserID]
    /// How many messages of others have not been delivered, by conversation.
    var undelivered: [ConversationID: Int]
    /// For the first `sync`.
    var cursor: String

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("user", user)
            json.field("online", online)
            json.name("undelivered")
            json.object { json in
                for (conversation, count) in undelivered {
                    json.name(conversation)
                    json.integer(count)
                }
            }
            json.field("cursor", cursor)
        }
    }
}
