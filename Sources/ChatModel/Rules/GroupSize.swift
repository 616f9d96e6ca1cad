/// How many members a group may have, and from which size on less is sent to them.
package enum GroupSize {
    package static let maximum = 10_000
    /// How many members a `Conversation` lists.
    package static let listed = 50
    /// In a group of up to this many members, everybody is told of presence, read marks and each change of the group.
    /// In a larger one that would cost more than the messages do.
    package static let small = 200

    package static func isSmall(_ members: Int) -> Bool { members <= small }
}
