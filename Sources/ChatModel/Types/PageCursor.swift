package import Foundation

/// Where the next page of a list begins: after this time and, for equal times, after this id. Clients do not look into it.
public struct PageCursor<Entity>: Sendable, Equatable {
    package var date: Date
    package var id: ID<Entity>

    package init(date: Date, id: ID<Entity>) {
        self.date = date
        self.id = id
    }

    public init?(_ text: String) {
        let parts = text.split(separator: "_")
        guard parts.count == 2, let microseconds = Int64(parts[0]), let id = ID<Entity>(parts[1]) else { return nil }
        date = Date(timeIntervalSince1970: Double(microseconds) / 1_000_000)
        self.id = id
    }

    public var text: String { "\(Int64((date.timeIntervalSince1970 * 1_000_000).rounded()))_\(id)" }
}

public typealias ActivityCursor = PageCursor<Conversation>
public typealias MemberCursor = PageCursor<User>
