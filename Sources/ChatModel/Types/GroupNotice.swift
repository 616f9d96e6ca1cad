public import Foundation

/// What happened to a group beside messages.
public struct GroupNotice: Sendable, Equatable {
    public enum Kind: String, Sendable, CaseIterable {
        /// By oneself.
        case joined
        case added
        /// By oneself.
        case left
        case removed
        case renamed
    }

    /// Rises with every notice.
    public var id: Int
    /// The last message before it; 0 for none.
    public var seq: Int
    public var kind: Kind
    /// Who did it; nil where nobody knows.
    public var by: Sender?
    /// The first of those who came or went.
    public var people: [Sender]
    /// How many came or went.
    public var count: Int
    /// What the group is called since.
    public var title: String?
    public var at: Date

    package init(
        id: Int, seq: Int, kind: Kind, by: Sender? = nil, people: [Sender] = [], count: Int = 0, title: String? = nil,
        at: Date
    ) {
        self.id = id
        self.seq = seq
        self.kind = kind
        self.by = by
        self.people = people
        self.count = count
        self.title = title
        self.at = at
    }
}

/// Where a page of notices ends; those before it come next. The notice itself is in the page.
public struct GroupNoticeCursor: Sendable, Equatable {
    package var seq: Int
    package var id: Int

    package init(seq: Int, id: Int) {
        self.seq = seq
        self.id = id
    }

    /// - Parameter text: What a client sends back; nil for what no server gave it.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let seq = Int(parts[0]), let id = Int(parts[1]), seq >= 0, id >= 0 else { return nil }
        self.init(seq: seq, id: id)
    }

    public var text: String { "\(seq)-\(id)" }
}

/// Notices, oldest first, and where the page before them begins, if there is one.
public struct GroupNoticePage: Sendable {
    public var notices: [GroupNotice]
    public var next: GroupNoticeCursor?

    package init(notices: [GroupNotice], next: GroupNoticeCursor?) {
        self.notices = notices
        self.next = next
    }
}

/// Which notices are wanted.
public struct GroupNoticeBounds: Sendable {
    /// The `seq` from which on they are wanted.
    package var after: Int?
    /// The `seq` from which on they are not wanted any more.
    package var before: Int?
    /// The end of a page that is there.
    package var cursor: GroupNoticeCursor?

    public init(after: Int? = nil, before: Int? = nil, cursor: GroupNoticeCursor? = nil) {
        self.after = after
        self.before = before
        self.cursor = cursor
    }

    package var first: Int { after ?? 0 }

    /// The place from which on none is wanted. Ids begin with 1.
    package var end: GroupNoticeCursor {
        let end = GroupNoticeCursor(seq: before ?? Int.max, id: 0)
        guard let cursor, (cursor.seq, cursor.id) < (end.seq, end.id) else { return end }
        return cursor
    }
}
