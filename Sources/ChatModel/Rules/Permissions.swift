/// Who may do what in a conversation: pure functions of how somebody stands to it, asked by every use case. (Who may
/// send is decided in `MessageBatch`, in the transaction that stores the message; whoever makes a conversation stands to
/// none yet, and is asked for a mute by the statement that makes it, as whoever changes their profile.)
public enum Permissions {
    /// How a user stands to a conversation.
    public struct Standing: Sendable, Equatable {
        public var kind: Conversation.Kind
        public var visibility: Conversation.Visibility?
        /// nil for someone who is no member.
        public var role: Member.Role?
        /// Whether a moderator has muted the user, for now.
        public var isMuted: Bool
        /// Whether the other one of a direct conversation has blocked the user.
        public var isShutOut: Bool
        /// Whether the user, no member, was removed and has not been brought back.
        public var wasRemoved: Bool

        public init(
            kind: Conversation.Kind, visibility: Conversation.Visibility?, role: Member.Role?, isMuted: Bool = false,
            isShutOut: Bool = false, wasRemoved: Bool = false
        ) {
            self.kind = kind
            self.visibility = visibility
            self.role = role
            self.isMuted = isMuted
            self.isShutOut = isShutOut
            self.wasRemoved = wasRemoved
        }
    }

    /// Says no more than it must of a block.
    package static let shutOut = ChatError(.forbidden, "you cannot write to this person")
    package static let muted = ChatError(.muted, "you may not write for now")

    package static let notAMember = ChatError(.notAMember, "only members of this conversation may do that")

    /// Members, and anybody for a public group's outside: its title and how many are in it.
    public static func see(_ standing: Standing?) throws(ChatError) -> Standing {
        guard let standing, standing.role != nil || standing.visibility == .public else {
            throw .notFound("conversation")
        }
        return standing
    }

    /// What is inside: history, members' marks. A private conversation does not exist for those outside.
    @discardableResult
    public static func read(_ standing: Standing?) throws(ChatError) -> Member.Role {
        guard let role = try see(standing).role else { throw notAMember }
        return role
    }

    /// Whatever brings somebody's words or marks before others: a text, a reaction, a title, typing. Those who are muted,
    /// or blocked by whom they write to, may read, take back what is theirs and report; nothing else of theirs arrives.
    @discardableResult
    public static func speak(_ standing: Standing?) throws(ChatError) -> Member.Role {
        let role = try read(standing)
        guard standing?.isShutOut == false else { throw shutOut }
        guard standing?.isMuted == false else { throw muted }
        return role
    }

    /// Anybody may come into a public group, except whoever was removed from it.
    public static func join(_ standing: Standing?) throws(ChatError) {
        guard try see(standing).wasRemoved else { return }
        throw ChatError(.forbidden, "you were removed from this group; its owners and admins can bring you back")
    }

    public static func leave(_ standing: Standing?) throws(ChatError) {
        try read(standing)
        try requireGroup(standing, "a direct conversation cannot be left")
    }

    /// Owners and admins.
    public static func rename(_ standing: Standing?) throws(ChatError) {
        let role = try read(standing)
        try requireGroup(standing, "a direct conversation has no title")
        guard role != .member else { throw ChatError(.forbidden, "only owners and admins may change the title") }
        try speak(standing)
    }

    /// In a private group owners and admins; in a public one, which anybody may join, every member. Only owners and
    /// admins bring back whoever was removed.
    public static func addMembers(_ standing: Standing?, bringingBack: Bool = false) throws(ChatError) {
        let role = try read(standing)
        try requireGroup(standing, "a direct conversation has two members")
        guard role != .member || standing?.visibility == .public else {
            throw ChatError(.forbidden, "only owners and admins may add members")
        }
        guard role != .member || !bringingBack else {
            throw ChatError(.forbidden, "only owners and admins may bring back whoever was removed")
        }
        try speak(standing)
    }

    /// Whoever is below: owners anybody, admins the plain members.
    public static func removeMember(_ standing: Standing?, target: Member.Role) throws(ChatError) {
        let role = try read(standing)
        try requireGroup(standing, "nobody can be removed from a direct conversation")
        switch role {
        case .owner: return
        case .admin where target == .member: return
        case .admin, .member: throw ChatError(.forbidden, "you may not remove this member")
        }
    }

    /// Owners give and take any role.
    public static func changeRole(_ standing: Standing?) throws(ChatError) {
        let role = try read(standing)
        try requireGroup(standing, "a direct conversation has no roles")
        guard role == .owner else { throw ChatError(.forbidden, "only owners may change roles") }
    }

    public static func editMessage(_ standing: Standing?, sender: UserID, by user: UserID) throws(ChatError) {
        try read(standing)
        guard sender == user else { throw ChatError(.forbidden, "only its sender may edit a message") }
        try speak(standing)
    }

    /// Who may not speak may take back what they said.
    public static func react(_ standing: Standing?, add: Bool) throws(ChatError) {
        if add { try speak(standing) } else { try read(standing) }
    }

    /// The sender's; a group's owners' and admins' too.
    public static func deleteMessage(_ standing: Standing?, sender: UserID, by user: UserID) throws(ChatError) {
        let role = try read(standing)
        guard sender == user || (standing?.kind == .group && role != .member) else {
            throw ChatError(.forbidden, "only its sender and a group's admins may delete a message")
        }
    }

    private static func requireGroup(_ standing: Standing?, _ otherwise: String) throws(ChatError) {
        guard standing?.kind == .group else { throw ChatError(.forbidden, otherwise) }
    }
}
