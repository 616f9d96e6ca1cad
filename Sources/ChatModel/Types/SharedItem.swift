public import Foundation

/// What somebody shared in a conversation: an attachment, or the links of a message.
public struct SharedItem: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        /// Pictures, films and sound.
        case media
        case files
        case links
    }

    public var messageId: MessageID
    public var seq: Int
    public var sender: Sender
    /// The message's.
    public var text: String
    public var createdAt: Date
    /// Nil for links.
    public var attachment: Upload?
    /// Empty for attachments.
    public var links: [String]

    package init(
        messageId: MessageID, seq: Int, sender: Sender, text: String, createdAt: Date, attachment: Upload? = nil,
        links: [String] = []
    ) {
        self.messageId = messageId
        self.seq = seq
        self.sender = sender
        self.text = text
        self.createdAt = createdAt
        self.attachment = attachment
        self.links = links
    }
}

/// Where a page of shared items begins, and in which order it comes: the item's message by its position in the conversation,
/// and the item by its position in the message. The item itself is not in the page.
public struct SharedItemCursor: Sendable, Equatable {
    package var seq: Int
    package var position: Int
    package var isOldestFirst: Bool

    package init(seq: Int, position: Int, isOldestFirst: Bool = false) {
        self.seq = seq
        self.position = position
        self.isOldestFirst = isOldestFirst
    }

    /// What was shared before a message, newest first.
    public static func before(seq: Int) -> Self { .init(seq: seq, position: 0) }

    /// What was shared after a message, oldest first.
    public static func after(seq: Int) -> Self { .init(seq: seq, position: Int(Int16.max), isOldestFirst: true) }

    /// - Parameter text: What a client sends back; nil for what no server gave it.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2 || (parts.count == 3 && parts[2] == Self.oldestFirst), let seq = Int(parts[0]),
            let position = Int16(parts[1]), seq >= 0, position >= 0
        else { return nil }
        self.init(seq: seq, position: Int(position), isOldestFirst: parts.count == 3)
    }

    public var text: String { isOldestFirst ? "\(seq)-\(position)-\(Self.oldestFirst)" : "\(seq)-\(position)" }

    private static let oldestFirst = "oldest"
}
