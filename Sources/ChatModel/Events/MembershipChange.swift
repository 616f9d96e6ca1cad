/// What a conversation has become by a change of its members.
public struct MembershipChange: Sendable, Equatable {
    public var memberCount: Int
    public var revision: Int

    package init(memberCount: Int, revision: Int) {
        self.memberCount = memberCount
        self.revision = revision
    }
}
