/// A moment of the database: who knows everything of that moment has yet to learn what transactions changed that were
/// under way then, or began later. Clients do not look into it.
public struct SyncCursor: Sendable, Equatable {
    /// Where the marks begin that an answer had no more room for: past this one, in the order of these fields.
    package struct MarkPosition: Sendable, Equatable {
        package var transaction: Int
        package var conversation: ConversationID
        package var user: UserID

        package init(transaction: Int, conversation: ConversationID = .unknown, user: UserID = .unknown) {
            self.transaction = transaction
            self.conversation = conversation
            self.user = user
        }
    }

    /// Where the profiles begin that an answer had no more room for.
    package struct ProfilePosition: Sendable, Equatable {
        package var transaction: Int
        package var user: UserID

        package init(transaction: Int, user: UserID = .unknown) {
            self.transaction = transaction
            self.user = user
        }
    }

    /// The database cluster whose transactions are counted. A restored backup is in another, where the numbers mean
    /// something else.
    package var cluster: String
    /// All transactions before this one had ended.
    package var transaction: Int
    package var marks: MarkPosition
    package var profiles: ProfilePosition

    /// A moment before everything: what an unknown cursor is.
    package static let beginning = SyncCursor(cluster: "", transaction: 0)

    package init(cluster: String, transaction: Int) {
        self.cluster = cluster
        self.transaction = transaction
        marks = MarkPosition(transaction: transaction)
        profiles = ProfilePosition(transaction: transaction)
    }

    /// - Parameter text: What a client sends back. What no server gave it is the beginning.
    public init(_ text: String) { self = Self.read(text) ?? .beginning }

    private static func read(_ text: String) -> SyncCursor? {
        guard text.utf8.count <= 300 else { return nil }
        let parts = text.split(separator: "_", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 7, let transaction = number(parts[1]) else { return nil }
        var cursor = SyncCursor(cluster: String(parts[0]), transaction: transaction)
        guard parts.count == 7 else { return cursor }
        guard let mark = number(parts[2]), let conversation = ConversationID(parts[3]), let member = UserID(parts[4]),
            let profile = number(parts[5]), let user = UserID(parts[6])
        else { return nil }
        cursor.marks = MarkPosition(transaction: mark, conversation: conversation, user: member)
        cursor.profiles = ProfilePosition(transaction: profile, user: user)
        return cursor
    }

    private static func number(_ text: Substring) -> Int? { Int(text).flatMap { $0 >= 0 ? $0 : nil } }

    /// Whether it is in the middle of several answers that belong together.
    package var isPartial: Bool { self != SyncCursor(cluster: cluster, transaction: transaction) }

    /// False for a moment that is yet to come, or of another cluster: the database was restored from a backup.
    package func isPossible(at now: SyncCursor) -> Bool { cluster == now.cluster && transaction <= now.transaction }

    public var text: String {
        let moment = "\(cluster)_\(transaction)"
        guard isPartial else { return moment }
        return
            "\(moment)_\(marks.transaction)_\(marks.conversation)_\(marks.user)_\(profiles.transaction)_\(profiles.user)"
    }
}
