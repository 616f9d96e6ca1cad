package import ChatModel
package import NIOCore

/// Something that one node tells the others. What it says to clients travels as the bytes that its writer encoded, so a
/// newer node's fields pass through an older one.
package struct BusEvent: Sendable, Equatable {
    /// One ASCII letter. A node that does not know it takes the event as a hint.
    package struct Kind: RawRepresentable, Hashable, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) { self.rawValue = rawValue }

        private init(_ letter: Unicode.Scalar) { rawValue = UInt8(ascii: letter) }

        /// A new message; its place is `seq`.
        package static let message = Kind("m")
        /// A message that was there before has changed.
        package static let messageChange = Kind("u")
        /// The title or a role. Each node reads the view of its own users.
        package static let conversation = Kind("c")
        /// Members were added or removed.
        package static let members = Kind("a")
        /// Delivered and read marks.
        package static let marks = Kind("s")
        package static let typing = Kind("t")
        package static let presence = Kind("p")
        /// Who sees the conversation may have changed in a way that the event does not tell: it is read.
        package static let look = Kind("l")
        /// What the connections of a user were told may be wrong: they are cut.
        package static let cut = Kind("x")
        package static let profile = Kind("n")
        package static let block = Kind("b")
        /// A member's settings of the conversation. Each node reads them for its own users.
        package static let settings = Kind("w")

        package static let known: Set<Kind> = [
            .message, .messageChange, .conversation, .members, .marks, .typing, .presence, .look, .cut, .profile,
            .block, .settings,
        ]
    }

    package var kind: Kind
    /// `.unknown` for what belongs to no conversation.
    package var conversation: ConversationID
    /// The revision that the event stands for. 0: it has none, and is lost when it is lost.
    package var revision: Int
    package var seq: Int
    /// Text in UTF-8 without NUL, as PostgreSQL's notifications are.
    package var payload: ByteBuffer

    package init(
        _ kind: Kind, _ conversation: ConversationID = .unknown, revision: Int = 0, seq: Int = 0,
        payload: ByteBuffer = ByteBuffer()
    ) {
        self.kind = kind
        self.conversation = conversation
        self.revision = revision
        self.seq = seq
        self.payload = payload
    }
}
