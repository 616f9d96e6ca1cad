public struct Member: Sendable, Equatable {
    public enum Role: String, Sendable, Codable { case owner, admin, member }

    public var user: User
    public var role: Role
    /// All messages up to this `seq` have reached one of the member's devices.
    public var deliveredSeq: Int
    /// All messages up to this `seq` have been read.
    public var readSeq: Int

    package init(user: User, role: Role, deliveredSeq: Int, readSeq: Int) {
        self.user = user
        self.role = role
        self.deliveredSeq = deliveredSeq
        self.readSeq = readSeq
    }
}
