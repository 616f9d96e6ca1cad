import Chat
import ChatModel
import NIOCore
import SocketIO

/// Carries the domain's events to the rooms that they are for, and its orders to the connections.
struct Broadcasts: LiveOutlet {
    let namespace: Namespace

    /// A message of at most so many bytes is sent whole for each reaction to it, to every device of every member. Of a
    /// longer one, only the reaction is sent.
    private static let maxReactedMessage = 4096

    func perform(_ steps: [LiveStep]) {
        var batch = RoomBatch(namespace)
        for step in steps { perform(step, &batch) }
        batch.flush()
    }

    func hasDevices(_ user: UserID) -> Bool { namespace.hasMembers(.user(user)) }

    func hasAudience(_ conversation: ConversationID) -> Bool { namespace.hasMembers(.conversation(conversation)) }

    func takeAbandoned() -> [ConversationID] { namespace.takeEmptiedRooms().compactMap(Room.conversation(named:)) }

    private func perform(_ step: LiveStep, _ batch: inout RoomBatch) {
        switch step {
        case .message(let new): batch.add(new.message, except: new.origin)
        case .missed(let message, let origin):
            batch.add(message, except: origin, isMissed: true)
            guard let origin, message.editedAt != nil || message.deletedAt != nil || !message.reactions.isEmpty else {
                return
            }
            batch.flush()
            namespace.to(origin.value)
                .emit(message.deletedAt == nil ? .messageUpdated : .messageDeleted, message)
        case .event(let event): deliver(event, &batch)
        case .several(let steps): for step in steps { perform(step, &batch) }
        case .order, .enter, .leave, .keep, .cut, .join:
            // What is collected goes out first.
            batch.flush()
            act(step)
        }
    }

    private func act(_ step: LiveStep) {
        switch step {
        case .order(let order): obey(order)
        case .enter(let conversation, let member):
            if let view = member.view {
                let event = namespace.encode(ServerEvent.conversationCreated.rawValue, [JSONFragment(writing: view)])
                to(member.user).enter(.conversation(conversation), telling: event)
            } else {
                to(member.user).join(.conversation(conversation))
            }
        case .leave(let conversation, let user): to(user).leave(.conversation(conversation))
        case .keep(let conversation, let members, let revision):
            let removal = ConversationRemoval(conversation: conversation, revision: revision)
            let event = namespace.encode(ServerEvent.conversationRemoved.rawValue, [JSONFragment(writing: removal)])
            to(conversation).leave(.conversation(conversation), telling: event) { socket in
                socket.caller.map { members.contains($0.user) } ?? false
            }
        case .cut(let conversation): to(conversation).cutConnections()
        case .join(let conversations, let join): join(conversations)
        case .message, .missed, .event, .several: break
        }
    }

    private func deliver(_ event: ChatEvent, _ batch: inout RoomBatch) {
        switch event {
        case .messageUpdated(let message): batch.add(.messageUpdated, message, of: message)
        case .messageDeleted(let message): batch.add(.messageDeleted, message, of: message)
        case .reactionChanged(let reacting, let message):
            let whole = JSONFragment(writing: message)
            if whole.bytes.readableBytes <= Self.maxReactedMessage {
                batch.add(.messageUpdated, whole, of: message)
            } else {
                batch.add(.messageReactions, ReactionChange(reacting: reacting, message: message), of: message)
            }
        default:
            batch.flush()
            deliver(event)
        }
    }

    private func deliver(_ event: ChatEvent) {
        switch event {
        case .messageUpdated, .messageDeleted, .reactionChanged: break
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
        case .conversationRemoved(let conversation, let user, let revision):
            to(user).emit(.conversationRemoved, ConversationRemoval(conversation: conversation, revision: revision))
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

    private func obey(_ order: ConnectionOrder) {
        switch order {
        // The stream has made steps of these.
        case .show, .hide, .endHiding: break
        case .cut(let user, _): to(user).cutConnections()
        case .closeSession(let session, let code): close(namespace.to(.session(session)), code)
        case .closeAccount(let user): close(to(user), .banned)
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
