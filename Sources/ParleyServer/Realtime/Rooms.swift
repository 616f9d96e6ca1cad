import ChatModel
import SocketIO

/// The rooms a socket is in: its user's, its session's, and one for each conversation of the user.
extension Room {
    static func user(_ id: UserID) -> Room { "u:\(id)" }
    static func session(_ id: SessionID) -> Room { "s:\(id)" }
    static func conversation(_ id: ConversationID) -> Room { "c:\(id)" }
}
