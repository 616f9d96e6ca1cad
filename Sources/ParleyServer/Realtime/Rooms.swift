import ChatModel
import SocketIO

/// The rooms a socket is in: its user's, its session's, and one for each conversation of the user.
extension Room {
    static func user(_ id: UserID) -> Room { "u:\(id)" }
    static func session(_ id: SessionID) -> Room { "s:\(id)" }
    static func conversation(_ id: ConversationID) -> Room { "c:\(id)" }

    /// The conversation whose room has this name; nil if it is another room.
    static func conversation(named room: Room) -> ConversationID? {
        room.hasPrefix("c:") ? ConversationID(String(room.dropFirst(2))) : nil
    }
}
