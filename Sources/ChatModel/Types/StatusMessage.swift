public import Foundation

/// What somebody says of themselves for now. Everybody who sees them sees it.
public struct StatusMessage: Sendable, Equatable {
    public var text: String
    /// One emoji, in the spelling that Unicode calls fully qualified.
    public var emoji: String?
    /// From then on it is as if there were none.
    public var until: Date?

    package init(text: String, emoji: String? = nil, until: Date? = nil) {
        self.text = text
        self.emoji = emoji
        self.until = until
    }
}
