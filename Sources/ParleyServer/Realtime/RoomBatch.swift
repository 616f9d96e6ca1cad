import ChatModel
import SocketIO

/// Collects events for conversations' rooms. Those of one room are joined, and each connection gets them in one write.
struct RoomBatch {
    private let namespace: Namespace
    private var broadcasts: [RoomBroadcast] = []
    private var positions: [ConversationID: Int] = [:]

    init(_ namespace: Namespace) { self.namespace = namespace }

    /// - Parameter isMissed: Whether somebody may know an older version of the message, although it is new to the others.
    mutating func add(_ message: Message, except origin: ConnectionID?, isMissed: Bool = false) {
        let payload = JSONFragment(writing: message)
        var subject = EventSubject(id: message.id.description, version: message.revision)
        if isMissed { subject.change = encode(message.deletedAt == nil ? .messageUpdated : .messageDeleted, payload) }
        add(
            RoomEvent(encode(.messageReceived, payload), except: origin?.value, subject: subject),
            to: message.conversationId)
    }

    /// Adds a change of a message.
    mutating func add(_ event: ServerEvent, _ payload: JSONFragment, of message: Message) {
        let subject = EventSubject(id: message.id.description, version: message.revision)
        add(event.rawValue, payload, to: message.conversationId, subject: subject)
    }

    /// Adds a message or a change of one, of which only the version is known.
    mutating func add(_ event: String, _ payload: JSONFragment, to conversation: ConversationID, subject: EventSubject)
    {
        add(RoomEvent(namespace.encode(event, [payload]), subject: subject), to: conversation)
    }

    private func encode(_ event: ServerEvent, _ payload: JSONFragment) -> EncodedEvent {
        namespace.encode(event.rawValue, [payload])
    }

    private mutating func add(_ event: RoomEvent, to conversation: ConversationID) {
        if let position = positions[conversation] {
            broadcasts[position].events.append(event)
        } else {
            positions[conversation] = broadcasts.count
            broadcasts.append(RoomBroadcast(room: .conversation(conversation), events: [event]))
        }
    }

    /// Sends what has been collected.
    mutating func flush() {
        guard !broadcasts.isEmpty else { return }
        namespace.emit(broadcasts)
        broadcasts = []
        positions = [:]
    }
}
