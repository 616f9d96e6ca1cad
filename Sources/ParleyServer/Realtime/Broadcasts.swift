import ChatModel
import NIOCore
import SocketIO

/// Carries the domain's events to the rooms that they are for, and its orders to the connections.
struct Broadcasts: EventSink {
    let namespace: Namespace
    let joins: PendingJoins

    /// A message of at most so many bytes is sent whole for each reaction to it, to every device of every member. Of a
    /// longer one, only the reaction is sent.
    private static let maxReactedMessage = 4096

    func announce(_ messages: [NewMessage]) {
        var broadcasts: [RoomBroadcast] = []
        var positions: [ConversationID: Int] = [:]
        for new in messages {
            let event = RoomEvent(
                namespace.encode(ServerEvent.messageReceived.rawValue, [JSONFragment(writing: new.message)]),
                except: new.origin?.value, subject: new.message.id.description)
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

    func deliver(_ event: ChatEvent) {
        switch event {
        case .messageUpdated(let message):
            to(message.conversationId).emit(.messageUpdated, message)
        case .messageDeleted(let message):
            to(message.conversationId).emit(.messageDeleted, message)
        case .reactionChanged(let reacting, let message):
            let whole = JSONFragment(writing: message)
            if whole.bytes.readableBytes <= Self.maxReactedMessage {
                to(message.conversationId).emit(ServerEvent.messageUpdated.rawValue, [whole])
            } else {
                to(message.conversationId)
                    .emit(.messageReactions, ReactionChange(reacting: reacting, message: message))
            }
        case .statusChanged(let conversation, let user, let deliveredSeq, let readSeq, let widely):
            (widely ? to(conversation) : to(user)).emit(
                .messageStatus,
                MarksChange(conversation: conversation, user: user, deliveredSeq: deliveredSeq, readSeq: readSeq))
        case .typingBegan(let conversation, let typist, let origin):
            toOthers(conversation, than: typist.id, origin)
                .emit(.typing, TypingChange(conversation: conversation, user: typist.id, typist: typist))
        case .typingEnded(let conversation, let user, let origin):
            toOthers(conversation, than: user, origin)
                .emit(.typing, TypingChange(conversation: conversation, user: user))
        case .conversationCreated(let conversation, let user):
            to(user).emit(.conversationCreated, conversation)
        case .conversationUpdated(let conversation, let user):
            to(user).emit(.conversationUpdated, conversation)
        case .conversationRenamed(let conversation, let title, let revision):
            to(conversation).emit(
                .conversationRenamed, TitleChange(conversation: conversation, title: title, revision: revision))
        case .roleChanged(let conversation, let user, let role, let revision):
            to(conversation).emit(
                .memberUpdated, RoleChange(conversation: conversation, user: user, role: role, revision: revision))
        case .conversationRemoved(let conversation, let user):
            to(user).emit(.conversationRemoved, ConversationRemoval(conversation: conversation))
        case .memberJoined(let conversation, let member, let change):
            to(conversation).emit(
                .memberJoined,
                MemberCount(conversation: conversation, user: member.user.id, member: member, change: change))
        case .memberLeft(let conversation, let user, let change):
            to(conversation).emit(.memberLeft, MemberCount(conversation: conversation, user: user, change: change))
        case .userStatus(let user, let status, let lastSeenAt, let audience):
            guard !audience.isEmpty else { return }
            namespace.to(audience.map(Room.user))
                .emit(.userStatus, StatusChange(user: user, status: status, lastSeenAt: lastSeenAt))
        case .userUpdated(let user, let audience):
            namespace.to((audience + [user.id]).map(Room.user)).emit(.userUpdated, user)
        case .blocked(let blocked, let user, let isBlocked):
            to(user).emit(.userBlocked, BlockChange(user: blocked, isBlocked: isBlocked))
        case .muted(let user, let until):
            to(user).emit(.userMuted, MuteChange(until: until))
        }
    }

    func order(_ order: ConnectionOrder) {
        switch order {
        case .join(let conversation, let user):
            joins.noteAddition(conversation, of: user)
            to(user).join(.conversation(conversation))
        case .leave(let conversation, let user):
            joins.beginRemoval(conversation, of: user)
            to(user).leave(.conversation(conversation))
        case .confirmLeave(let conversation, let user):
            joins.endRemoval(conversation, of: user)
        case .cut(let user, let leaving):
            if let leaving { joins.endRemoval(leaving, of: user) }
            to(user).cutConnections()
        case .closeSession(let session, let code):
            close(namespace.to(.session(session)), code)
        case .closeAccount(let user):
            close(to(user), .banned)
        }
    }

    private func close(_ sockets: BroadcastOperator, _ code: ChatError.Code) {
        sockets.emit(.sessionRevoked, SessionEnd(code: code))
        sockets.disconnectSockets(close: true)
    }

    private func to(_ conversation: ConversationID) -> BroadcastOperator { namespace.to(.conversation(conversation)) }

    private func to(_ user: UserID) -> BroadcastOperator { namespace.to(.user(user)) }

    private func toOthers(
        _ conversation: ConversationID, than user: UserID, _ origin: ConnectionID?
    ) -> BroadcastOperator {
        let others = to(conversation).except(.user(user))
        return origin.map { others.except($0.value) } ?? others
    }
}

extension BroadcastOperator {
    fileprivate func emit(_ event: ServerEvent, _ payload: some JSONWritable) {
        emit(event.rawValue, [JSONFragment(writing: payload)])
    }
}

extension Socket {
    func emit(_ event: ServerEvent, _ payload: some JSONWritable) {
        emit(event.rawValue, [JSONFragment(writing: payload)])
    }
}
