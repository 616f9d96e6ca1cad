/// An upper bound of the bytes that something takes in JSON; answers over a socket are cut by it. Everything but text
/// (ids, times, numbers, the names of fields) counts as a constant.
extension String {
    /// Quotes and backslashes take two bytes, control characters six (RFC 8259, section 7).
    package var maximumJSONBytes: Int {
        utf8.reduce(2) { $0 + ($1 < 0x20 ? 6 : $1 == UInt8(ascii: "\"") || $1 == UInt8(ascii: "\\") ? 2 : 1) }
    }
}

extension Upload {
    package var maximumJSONBytes: Int {
        700 + name.maximumJSONBytes + type.maximumJSONBytes + url.utf8.count
            + thumbnails.reduce(0) { $0 + 80 + $1.url.utf8.count }
    }
}

extension Message {
    /// More than any message takes, with 8,000 control characters, ten attachments and a thousand reactions.
    package static let largestJSONBytes = 128 * 1024

    package var maximumJSONBytes: Int {
        700 + sender.displayName.maximumJSONBytes + text.maximumJSONBytes + (clientId?.maximumJSONBytes ?? 0)
            + attachments.reduce(0) { $0 + $1.maximumJSONBytes }
            + reactions.reduce(0) { $0 + 30 + $1.emoji.utf8.count + 39 * $1.userIds.count }
    }
}

extension Conversation {
    package var maximumJSONBytes: Int {
        500 + (invitation.map { 200 + $0.by.displayName.maximumJSONBytes } ?? 0) + (title?.maximumJSONBytes ?? 0)
            + (lastMessage?.maximumJSONBytes ?? 0)
            + members.reduce(0) { $0 + 80 + $1.user.maximumJSONBytes }
    }
}

extension User {
    package var maximumJSONBytes: Int {
        300 + displayName.maximumJSONBytes + (about?.maximumJSONBytes ?? 0) + (avatar?.maximumJSONBytes ?? 0)
    }
}

extension Collection<Message> {
    /// The longest beginning that fits into so many bytes, but at least the first message.
    package func oldest(fitting bytes: Int) -> [Message] {
        var room = bytes
        var isFirst = true
        return Array(
            prefix { message in
                room -= message.maximumJSONBytes
                defer { isFirst = false }
                return isFirst || room >= 0
            })
    }
}

extension BidirectionalCollection<Message> {
    /// The longest end that fits into so many bytes, but at least the last message.
    package func newest(fitting bytes: Int) -> [Message] { reversed().oldest(fitting: bytes).reversed() }
}
