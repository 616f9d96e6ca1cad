import ChatModel

/// In which order the users who are connected here came, and conversations began to be followed for their devices.
///
/// Whoever is here follows all their conversations. So if one begins to be followed with somebody's list, and another user who
/// was here before has it in theirs, then nobody told that user of it. A pure machine.
struct ArrivalOrder: Sendable {
    private var last = 0
    private var users: [UserID: ClosedRange<Int>] = [:]

    /// A device is about to read its list.
    func begin() -> Int { last }

    /// - Parameter began: The answer of `begin`.
    /// - Returns: The mark of the conversations that begin to be followed with this list.
    mutating func end(_ user: UserID, began: Int) -> Int {
        last += 1
        // The first of several devices counts: it may lack what the others have.
        if users[user] == nil { users[user] = began...last }
        return last
    }

    /// The mark of a conversation that begins to be followed by a change.
    var mark: Int { last + 1 }

    /// The user's last device is gone.
    mutating func depart(_ user: UserID) { users[user] = nil }

    /// Whether the user was here when a conversation with this mark, which is in their list now, began to be followed, and
    /// did not bring it.
    func wasHere(_ user: UserID, before mark: Int) -> Bool {
        guard let arrival = users[user] else { return false }
        return arrival.lowerBound < mark && arrival.upperBound != mark
    }
}
