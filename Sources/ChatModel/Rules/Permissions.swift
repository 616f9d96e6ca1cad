/// Who may do what in a conversation: pure functions of a user's `Membership`, which every use case calls.
///
/// Two rules stand in SQL, because they have to hold in the statement that writes: who may send (`MessageBatch`), and
/// that a muted user may not make a conversation or change their profile.
public enum Permissions {
    /// Does not say that there is a block.
    package static let shutOut = ChatError(.forbidden, "you cannot write to this person")
    /// What is direct cannot be written to somebody who is banned or disabled.
    package static let closed = ChatError(.forbidden, "this account is closed")
    package static let muted = ChatError(.muted, "you may not write for now")

    package static let notAMember = ChatError(.notAMember, "only members of this conversation may do that")

    /// Members see a conversation. Everybody sees a public group from outside: its title and its member count.
    public static func see(_ membership: Membership?) throws(ChatError) -> Membership {
        guard let membership, membership.role != nil || membership.visibility == .public else {
            throw .notFound("conversation")
        }
        return membership
    }

    /// Members read what is inside: the history, and the members' marks. To others a private conversation does not exist.
    @discardableResult
    public static func read(_ membership: Membership?) throws(ChatError) -> Member.Role {
        guard let role = try see(membership).role else { throw notAMember }
        return role
    }

    /// Whatever shows a user's words or marks to others: a text, a reaction, a title, typing. A user who is muted, or whom
    /// the other person has blocked, may only read, take back what is theirs, and report.
    @discardableResult
    public static func speak(_ membership: Membership?) throws(ChatError) -> Member.Role {
        let role = try read(membership)
        guard membership?.isShutOut == false else { throw shutOut }
        guard membership?.isMuted == false else { throw muted }
        return role
    }

    /// Everybody may join a public group, except those who were removed from it.
    public static func join(_ membership: Membership?) throws(ChatError) {
        guard try see(membership).wasRemoved else { return }
        throw ChatError(.forbidden, "you were removed from this group; its owners and admins can bring you back")
    }

    public static func leave(_ membership: Membership?) throws(ChatError) {
        try read(membership)
        try requireGroup(membership, "a direct conversation cannot be left")
    }

    /// A direct conversation is hidden, a group is left.
    public static func hide(_ membership: Membership?) throws(ChatError) {
        try read(membership)
        guard membership?.kind == .direct else {
            throw .invalid("conversationId", "a group is left, not hidden")
        }
    }

    /// Owners and admins.
    public static func rename(_ membership: Membership?) throws(ChatError) {
        let role = try read(membership)
        try requireGroup(membership, "a direct conversation has no title")
        guard role != .member else { throw ChatError(.forbidden, "only owners and admins may change the title") }
        try speak(membership)
    }

    /// Owners and admins add members to a private group; every member adds to a public one, which everybody may join.
    /// Only owners and admins bring back somebody who was removed.
    public static func addMembers(_ membership: Membership?, bringingBack: Bool = false) throws(ChatError) {
        let role = try read(membership)
        try requireGroup(membership, "a direct conversation has two members")
        guard role != .member || membership?.visibility == .public else {
            throw ChatError(.forbidden, "only owners and admins may add members")
        }
        guard role != .member || !bringingBack else {
            throw ChatError(.forbidden, "only owners and admins may bring back whoever was removed")
        }
        try speak(membership)
    }

    /// Owners remove anybody, admins remove plain members.
    public static func removeMember(_ membership: Membership?, target: Member.Role) throws(ChatError) {
        let role = try read(membership)
        try requireGroup(membership, "nobody can be removed from a direct conversation")
        switch role {
        case .owner: return
        case .admin where target == .member: return
        case .admin, .member: throw ChatError(.forbidden, "you may not remove this member")
        }
    }

    /// Only owners change roles.
    public static func changeRole(_ membership: Membership?) throws(ChatError) {
        let role = try read(membership)
        try requireGroup(membership, "a direct conversation has no roles")
        guard role == .owner else { throw ChatError(.forbidden, "only owners may change roles") }
    }

    public static func editMessage(_ membership: Membership?, sender: UserID, by user: UserID) throws(ChatError) {
        try read(membership)
        guard sender == user else { throw ChatError(.forbidden, "only its sender may edit a message") }
        try speak(membership)
    }

    /// Taking back what one's own message brought needs no right to speak.
    public static func dismissCard(_ membership: Membership?, sender: UserID, by user: UserID) throws(ChatError) {
        try read(membership)
        guard sender == user else { throw ChatError(.forbidden, "only its sender may take a message's card away") }
    }

    /// A reaction is speech; taking one back is always allowed.
    public static func react(_ membership: Membership?, add: Bool) throws(ChatError) {
        if add { try speak(membership) } else { try read(membership) }
    }

    /// The sender deletes a message, and so do a group's owners and admins.
    public static func deleteMessage(_ membership: Membership?, sender: UserID, by user: UserID) throws(ChatError) {
        let role = try read(membership)
        guard sender == user || (membership?.kind == .group && role != .member) else {
            throw ChatError(.forbidden, "only its sender and a group's admins may delete a message")
        }
    }

    private static func requireGroup(_ membership: Membership?, _ otherwise: String) throws(ChatError) {
        guard membership?.kind == .group else { throw ChatError(.forbidden, otherwise) }
    }
}
