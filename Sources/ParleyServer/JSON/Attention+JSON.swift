import ChatModel
import Foundation

extension JSONWriter {
    mutating func fields(of attention: Attention) {
        field("notifications", attention.notifications.rawValue)
        field("mutedUntil", attention.mutedUntil)
        field("pinned", attention.isPinned)
        field("archived", attention.isArchived)
        field("markedUnread", attention.isMarkedUnread)
        field("settingsVersion", attention.version)
    }
}

/// A change of a member's attention, as REST and sockets take it. `mutedUntil` is a time or null; absent, it stays.
struct AttentionRequest: Decodable {
    let change: AttentionChange

    private enum CodingKeys: String, CodingKey { case notifications, mutedUntil, pinned, archived, markedUnread }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        func flag(_ key: CodingKeys) throws -> Bool? { try fields.decodeIfPresent(Bool.self, forKey: key) }
        var change = AttentionChange(
            isPinned: try flag(.pinned), isArchived: try flag(.archived), isMarkedUnread: try flag(.markedUnread))
        if let name = try fields.decodeIfPresent(String.self, forKey: .notifications) {
            guard let notifications = Attention.Notifications(rawValue: name) else {
                throw ChatError.invalid("notifications", "all, mentions or none")
            }
            change.notifications = notifications
        }
        if fields.contains(.mutedUntil) {
            if let text = try fields.decodeIfPresent(String.self, forKey: .mutedUntil) {
                guard let end = JSON.time(text) else {
                    throw ChatError.invalid("mutedUntil", "a time of RFC 3339, in the years 1 to 9999, or null")
                }
                change.muting = .until(end)
            } else {
                change.muting = .ended
            }
        }
        self.change = change
    }
}
