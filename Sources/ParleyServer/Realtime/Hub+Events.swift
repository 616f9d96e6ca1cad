import Chat
import Foundation
import Logging
import NIOCore
import SocketIO

/// The domain's events, as API.md names them, to the rooms they are for.
extension Hub: EventSink {
    func deliver(_ event: ChatEvent) {
        do {
            try send(event)
        } catch {
            logger.error("an event cannot be encoded", metadata: ["error": "\(error)"])
        }
    }

    func announce(_ messages: [NewMessage]) {
        var broadcasts: [RoomBroadcast] = []
        var positions: [ConversationID: Int] = [:]
        for new in messages {
            let event = RoomEvent(
                namespace.encode("message:received", [JSONFragment(writing: new.message)]), except: new.origin?.value,
                subject: new.message.id.description)
            let conversation = new.message.conversationId
            if let position = positions[conversation] {
                broadcasts[position].events.append(event)
            } else {
                positions[conversation] = broadcasts.count
                broadcasts.append(RoomBroadcast(room: .conversation(conversation), events: [event]))
            }
        }
        namespace.emit(broadcasts)
    }

    private func send(_ event: ChatEvent) throws {
        switch event {
        case .messageUpdated(let message):
            namespace.to(.conversation(message.conversationId))
                .emit("message:updated", [JSONFragment(writing: message)])
        case .messageDeleted(let message):
            namespace.to(.conversation(message.conversationId))
                .emit("message:deleted", [JSONFragment(writing: message)])
        case .reactionChanged(let reacting, let message):
            let room = namespace.to(.conversation(message.conversationId))
            let whole = JSONFragment(writing: message)
            if whole.bytes.readableBytes <= Self.maximumReactedMessage {
                room.emit("message:updated", [whole])
            } else {
                room.emit("message:reactions", [try JSONFragment(encoding: ReactionChange(reacting, to: message))])
            }
        case .statusChanged(let conversation, let user, let deliveredSeq, let readSeq, let widely):
            let status = Marks(conversationId: conversation, userId: user, deliveredSeq: deliveredSeq, readSeq: readSeq)
            namespace.to(widely ? .conversation(conversation) : .user(user))
                .emit("message:status", [try JSONFragment(encoding: status)])
        case .typing(let conversation, let user, let active, let origin):
            var others = namespace.to(.conversation(conversation)).except(.user(user))
            if let origin { others = others.except(origin.value) }
            others.emit(
                "typing",
                [try JSONFragment(encoding: Typist(conversationId: conversation, userId: user, active: active))])
        case .conversationCreated(let conversation, let user):
            namespace.to(.user(user)).emit("conversation:created", [JSONFragment(writing: conversation)])
        case .conversationUpdated(let conversation, let user):
            namespace.to(.user(user)).emit("conversation:updated", [JSONFragment(writing: conversation)])
        case .conversationRenamed(let conversation, let title, let revision):
            namespace.to(.conversation(conversation)).emit(
                "conversation:renamed",
                [try JSONFragment(encoding: Renaming(id: conversation, title: title, revision: revision))])
        case .roleChanged(let conversation, let user, let role, let revision):
            let change = RoleChange(conversationId: conversation, userId: user, role: role, revision: revision)
            namespace.to(.conversation(conversation)).emit("member:updated", [try JSONFragment(encoding: change)])
        case .conversationRemoved(let conversation, let user):
            namespace.to(.user(user)).emit(
                "conversation:removed", [try JSONFragment(encoding: Named(id: conversation))])
        case .memberJoined(let conversation, let user, let announced):
            arrivals.noteAddition(conversation, of: user)
            namespace.to(.user(user)).join(.conversation(conversation))
            if announced { try sendMembership("member:joined", conversation, user) }
        case .memberLeaving(let conversation, let user):
            arrivals.beginDeparture(conversation, of: user)
            namespace.to(.user(user)).leave(.conversation(conversation))
        case .memberLeft(let conversation, let user):
            arrivals.endDeparture(conversation, of: user)
            try sendMembership("member:left", conversation, user)
        case .membershipUnknown(let user, let leaving):
            if let leaving { arrivals.endDeparture(leaving, of: user) }
            namespace.to(.user(user)).cutConnections()
        case .userStatus(let user, let status, let lastSeenAt, let audience):
            guard !audience.isEmpty else { return }
            let change = StatusChange(userId: user, status: status, lastSeenAt: lastSeenAt)
            namespace.to(audience.map(Room.user)).emit("user:status", [try JSONFragment(encoding: change)])
        case .sessionEnded(let session, let code):
            try close(namespace.to(.session(session)), code)
        case .accountClosed(let user):
            try close(namespace.to(.user(user)), .banned)
        case .blocked(let blocked, let user, let isBlocked):
            namespace.to(.user(user)).emit(
                "user:blocked", [try JSONFragment(encoding: Block(userId: blocked, blocked: isBlocked))])
        case .muted(let user, let until):
            namespace.to(.user(user)).emit("user:muted", [try JSONFragment(encoding: Mute(until: until))])
        }
    }

    private func close(_ sockets: BroadcastOperator, _ code: ChatError.Code) throws {
        sockets.emit("session:revoked", [try JSONFragment(encoding: Reason(code: code.description))])
        sockets.disconnectSockets(close: true)
    }

    private func sendMembership(_ event: String, _ conversation: ConversationID, _ user: UserID) throws {
        namespace.to(.conversation(conversation))
            .emit(event, [try JSONFragment(encoding: Membership(conversationId: conversation, userId: user))])
    }

    /// Up to how many bytes a message is sent whole for each reaction to it: each goes to every device of every member.
    private static let maximumReactedMessage = 4096

    private struct ReactionChange: Encodable {
        var conversationId: ConversationID
        var messageId: MessageID
        var revision: Int
        var emoji: String
        var userId: UserID
        var add: Bool

        init(_ reacting: Reacting, to message: Message) {
            conversationId = message.conversationId
            messageId = message.id
            revision = reacting.revision
            emoji = reacting.emoji
            userId = reacting.user
            add = reacting.isAdded
        }
    }

    private struct Renaming: Encodable {
        var id: ConversationID
        var title: String
        var revision: Int
    }

    private struct RoleChange: Encodable {
        var conversationId: ConversationID
        var userId: UserID
        var role: Member.Role
        var revision: Int
    }

    private struct Marks: Encodable {
        var conversationId: ConversationID
        var userId: UserID
        var deliveredSeq: Int
        var readSeq: Int
    }

    private struct Typist: Encodable {
        var conversationId: ConversationID
        var userId: UserID
        var active: Bool
    }

    private struct Named: Encodable {
        var id: ConversationID
    }

    private struct Membership: Encodable {
        var conversationId: ConversationID
        var userId: UserID
    }

    private struct StatusChange: Encodable {
        var userId: UserID
        var status: User.Status
        var lastSeenAt: Date?
    }

    private struct Block: Encodable {
        var userId: UserID
        var blocked: Bool
    }

    private struct Mute: Encodable {
        var until: Date?
    }

    private struct Reason: Encodable {
        var code: String
    }
}
