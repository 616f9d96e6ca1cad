import Chat
import ChatModel
import SocketIO

/// Carries the domain's events to the rooms that they are for, and its orders to the connections.
struct Broadcasts: LiveOutlet {
    let namespace: Namespace

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
        case .relayed(let event): relay(event, &batch)
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
        case .message, .missed, .event, .relayed, .several: break
        }
    }

    private func deliver(_ event: ChatEvent, _ batch: inout RoomBatch) {
        switch event {
        case .messageUpdated(let message), .messageDeleted(let message), .reactionChanged(_, let message):
            guard let (name, payload) = EventEncoding.encode(event) else { return }
            batch.add(name, payload, of: message)
        case .marksMoved(let conversation, let marks, let widely):
            batch.flush()
            if widely {
                tell(marks, to: to(conversation), of: conversation)
            } else {
                for marks in marks { tell([marks], to: to(marks.user), of: conversation) }
            }
        default:
            batch.flush()
            guard let (name, payload) = EventEncoding.encode(event), let audience = audience(of: event) else { return }
            audience.emit(name.rawValue, [payload])
        }
    }

    private func relay(_ event: RelayedEvent, _ batch: inout RoomBatch) {
        if let subject = event.subject, case .members(let conversation) = event.target {
            return batch.add(
                event.name, JSONFragment(json: event.json), to: conversation,
                subject: EventSubject(id: subject.message, version: subject.revision))
        }
        batch.flush()
        let audience =
            switch event.target {
            case .members(let conversation): to(conversation)
            case .others(let conversation, let user): to(conversation).except(.user(user))
            case .user(let user): to(user)
            }
        let payload = JSONFragment(json: event.json)
        if event.name == ServerEvent.messageStatus.rawValue,
            let joined = try? JSON.decode(RelayedMarks.self, from: payload)
        {
            return tell(joined.marks, to: audience, of: joined.conversation)
        }
        audience.emit(event.name, [payload])
    }

    /// - Returns: Nil if there is nobody.
    private func audience(of event: ChatEvent) -> BroadcastOperator? {
        switch event {
        case .messageUpdated(let message), .messageDeleted(let message), .reactionChanged(_, let message):
            to(message.conversationId)
        case .marksMoved(let conversation, _, _): to(conversation)
        case .typingBegan(let conversation, let typist, let origin):
            toOthers(conversation, than: typist.id, origin)
        case .typingEnded(let conversation, let user, let origin): toOthers(conversation, than: user, origin)
        case .conversationCreated(_, let user), .conversationUpdated(_, let user), .blocked(_, let user, _),
            .attentionChanged(_, _, let user), .muted(let user, _):
            to(user)
        case .conversationRemoved(_, let user, _): to(user)
        case .conversationRenamed(let conversation, _, _), .memberJoined(let conversation, _, _): to(conversation)
        case .roleChanged(let conversation, _, _, _): to(conversation)
        case .memberLeft(let conversation, _, _): to(conversation)
        case .userStatus(_, _, _, let audience):
            audience.isEmpty ? nil : namespace.to(audience.map(Room.user))
        case .userUpdated(let user, let audience): namespace.to((audience + [user.id]).map(Room.user))
        }
    }

    /// Clients that said so get all marks in one event, the others one event for each.
    private func tell(_ marks: [MemberMarks], to sockets: BroadcastOperator, of conversation: ConversationID) {
        let event = ServerEvent.messageStatus.rawValue
        let single = marks.map { namespace.encode(event, [JSONFragment(writing: MarksChange(marks: $0))]) }
        let joined = namespace.encode(
            event, [JSONFragment(writing: JoinedMarks(conversation: conversation, marks: marks))])
        sockets.emit(single, or: joined) { $0.caller?.joinsMarks ?? false }
    }

    private func obey(_ order: ConnectionOrder) {
        switch order {
        // The stream has made steps of these.
        case .show, .hide, .endHiding: break
        case .cut(let user, _): to(user).cutConnections()
        case .closeSession(let session, let code): close(namespace.to(.session(session)), SessionEnd(code: code))
        case .closeAccount(let user, let ban): close(to(user), SessionEnd(code: .banned, ban: ban))
        }
    }

    private func close(_ sockets: BroadcastOperator, _ end: SessionEnd) {
        sockets.emit(.sessionRevoked, end)
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
