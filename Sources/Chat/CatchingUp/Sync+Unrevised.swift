public import ChatModel
import ChatStore

extension Sync {
    /// What changes without a revision: marks, and the profiles of the people whose presence the user is told. A device
    /// names the moment up to which it knows them.
    ///
    /// Something may come twice. Marks never move back, and a profile is state, so a device may apply it again.
    public struct Unrevised: Sendable {
        public var marks: [MemberMarks] = []
        public var users: [User] = []
        /// What the device knows once it has applied this.
        public var cursor: SyncCursor
        /// Whether there is more: the device asks for it with the new `cursor`.
        public var more = false
        /// Bytes that it takes in the answer, about.
        var bytes = 0
    }

    private static let maxMarks = 1000
    private static let bytesOfMark = 200
    private static let maxUsers = 200
    /// Of people. With the marks, they leave room for conversations.
    private static let maxUserBytes = 128 * 1024

    /// - Parameter cursor: Without one, the device has just read everything, and gets nothing but its first cursor.
    func unrevised(for user: UserID, since cursor: SyncCursor?, _ measure: AnswerMeasure) async throws -> Unrevised {
        let now = try await store.now()
        guard let cursor else { return Unrevised(cursor: now) }
        let known = cursor.isPossible(at: now) ? cursor : .beginning
        var answer = Unrevised(cursor: now)
        if known.isPartial {
            // The answers that belong together end at the moment of the first.
            answer.cursor = SyncCursor(cluster: now.cluster, transaction: known.transaction)
        }
        let marks = try await store.marks(for: user, past: known.marks, limit: Self.maxMarks + 1)
        answer.marks = marks.prefix(Self.maxMarks).map(\.marks)
        let profiles = try await users.changed(
            among: try await presence.neighbors(of: user).heard, past: known.profiles, limit: Self.maxUsers + 1)
        let told = add(profiles.map(\.user), to: &answer, measure)
        answer.bytes += answer.marks.count * Self.bytesOfMark
        answer.more = answer.marks.count < marks.count || told < profiles.count
        if answer.more {
            answer.cursor.marks = marks.prefix(Self.maxMarks).last?.position ?? known.marks
            answer.cursor.profiles = profiles.prefix(told).last?.position ?? known.profiles
        }
        return answer
    }

    /// - Returns: How many of them are in the answer: all that fit, and one in any case.
    private func add(_ users: [User], to answer: inout Unrevised, _ measure: AnswerMeasure) -> Int {
        for var user in users.prefix(Self.maxUsers) {
            // Neighbors are not kept apart by a block.
            presence.describe(&user, apart: [])
            let bytes = measure.user(user)
            guard answer.users.isEmpty || answer.bytes + bytes <= Self.maxUserBytes else { break }
            answer.users.append(user)
            answer.bytes += bytes
        }
        return answer.users.count
    }
}
