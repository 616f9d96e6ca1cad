import Chat
import ChatModel
import SocketIO

/// The payload of `sync`, read without a decoder: that would take as long for one id as this takes for ten.
struct SyncRequest {
    private static let maxKnown = 10_000

    private(set) var known: [ConversationID: Int] = [:]
    /// Names that are no ids. They are answered like unknown ones.
    private(set) var malformed: [String] = []
    /// Of the client's last answer.
    private(set) var cursor: SyncCursor?

    init(_ payload: JSONFragment) throws(ChatError) {
        guard let members = try? payload.members(atMost: 64) else {
            throw ChatError(.malformedRequest, "the payload is no object of at most 64 members")
        }
        cursor = try Self.cursor(members.last { $0.name == "cursor" }?.value)
        guard let field = members.last(where: { $0.name == "known" })?.value, field.description != "null" else {
            return
        }
        for (name, value) in try Self.entries(field) {
            guard let revision = JSON.wholeNumber(value.description) else {
                throw .invalid("known", "a revision is a whole number")
            }
            if let id = ConversationID(name) { known[id] = revision } else { malformed.append(name) }
        }
    }

    /// What is a string, but none that a server gave, is the beginning.
    private static func cursor(_ value: JSONFragment?) throws(ChatError) -> SyncCursor? {
        guard let value, value.description != "null" else { return nil }
        guard value.description.hasPrefix("\"") else { throw .invalid("cursor", "has the wrong type") }
        return SyncCursor(value.plainString ?? "")
    }

    private static func entries(_ known: JSONFragment) throws(ChatError) -> [JSONFragment.Member] {
        do throws(JSONFragment.TooManyMembers) {
            if let entries = try known.members(atMost: maxKnown) { return entries }
        } catch {
            throw .invalid("known", "at most \(maxKnown) conversations")
        }
        throw .invalid("known", "has the wrong type")
    }
}

/// The acknowledgement of `sync`.
struct SyncAnswer: JSONWritable {
    var conversations: [Sync.Changes]
    var removed: [String]
    var unrevised: Sync.Unrevised

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("ok", true)
            json.field("conversations", conversations)
            json.field("removed", removed) { $0.string($1) }
            json.field("marks", unrevised.marks)
            json.field("users", unrevised.users)
            json.field("cursor", unrevised.cursor.text)
            if unrevised.more { json.field("moreMarks", true) }
        }
    }
}

extension MemberMarks: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("conversationId", conversation)
            json.field("userId", user)
            json.field("deliveredSeq", deliveredSeq)
            json.field("readSeq", readSeq)
            json.field("unreadCount", unreadCount)
            json.field("unreadMentions", unreadMentions)
            if let attention { json.fields(of: attention) }
        }
    }
}
