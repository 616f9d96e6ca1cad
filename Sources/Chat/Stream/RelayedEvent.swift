package import ChatModel
package import NIOCore

/// An event that another server's people caused, in the bytes that its server encoded for clients.
package struct RelayedEvent: Sendable {
    package enum Target: Sendable, Equatable {
        case members(of: ConversationID)
        /// All but this user.
        case others(in: ConversationID, than: UserID)
        case user(UserID)
    }

    /// A version of a message: a connection that was told of it when it came is not told again.
    package struct Subject: Sendable, Equatable {
        package var message: String
        package var revision: Int

        package init(message: String, revision: Int) {
            self.message = message
            self.revision = revision
        }
    }

    package var target: Target
    package var name: String
    package var json: ByteBuffer
    package var subject: Subject?

    package init(_ name: String, _ json: ByteBuffer, to target: Target, subject: Subject? = nil) {
        self.name = name
        self.json = json
        self.target = target
        self.subject = subject
    }
}
