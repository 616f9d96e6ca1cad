public import ChatModel
import ChatStore

extension Conversations {
    // MARK: Making

    /// Finds the direct conversation with `other`, or makes it. It stays hidden where it is: from `other`, if it is new.
    func direct(between user: UserID, and other: UserID) async throws -> ConversationStore.Direct {
        guard user != other else { throw ChatError.invalid("userId", "somebody else") }
        let found = try await members.reconnecting([user, other]) { try await store.direct(user, other) }
        guard let found else { throw ChatError.notFound("user") }
        if found.created { try await announcements.creation(of: found.id, to: [user]) }
        return found
    }

    /// The direct conversation with `other`, which is not hidden from `user` any more.
    public func openDirect(
        by user: UserID, with other: UserID
    ) async throws -> (conversation: Conversation, created: Bool) {
        let found = try await direct(between: user, and: other)
        if found.isHidden { try await members.show(found.id, to: user) }
        return (try await view(found.id, for: user), found.created)
    }

    /// Hides a direct conversation from `user` until the next message. Hiding twice changes nothing.
    public func hide(_ id: ConversationID, by user: UserID) async throws {
        try await members.hide(id, from: user) { change in
            try Permissions.hide(try await change.lock(for: user))
            return try await change.hide(from: user)
        }
    }

    /// Those from whom a direct conversation was hidden until this message came. To be called before the message is
    /// announced.
    func reveal(_ message: Message) async -> [NewMember] { await members.reveal(message) }

    public func makeGroup(
        by user: UserID, title: String, visibility: Conversation.Visibility, members: [UserID]
    ) async throws -> Conversation {
        let title = try Rules.title(title)
        guard members.count <= 1000 else { throw ChatError.invalid("memberIds", "at most 1,000") }
        try await requireAll(members, field: "memberIds", for: user)
        let id = ConversationID.make()
        let everybody = [user] + members
        try await self.members.inTurn(id) {
            try await self.members.reconnecting(everybody, to: id) {
                try await store.insertGroup(id, title: title, visibility: visibility, owner: user, members: members)
            }
            try await announcements.creation(of: id, to: everybody)
        }
        return try await view(id, for: user)
    }

    // MARK: Changing

    public func rename(_ id: ConversationID, to title: String, by user: UserID) async throws -> Conversation {
        let title = try Rules.title(title)
        try await members.inTurn(id) {
            let revision = try await members.change(id) { change in
                try Permissions.rename(try await change.lock(for: user))
                return try await change.setTitle(title)
            }
            if let revision { try await announcements.title(title, of: id, revision: revision) }
        }
        return try await view(id, for: user)
    }

    /// Joining twice changes nothing.
    public func join(_ id: ConversationID, by user: UserID) async throws -> Conversation {
        try await members.add([user], to: id, by: nil) { change in
            let membership = try await change.lock(for: user)
            try Permissions.join(membership)
            return membership?.role == nil
        }
        return try await view(id, for: user)
    }

    public func leave(_ id: ConversationID, by user: UserID) async throws {
        try await members.remove(user, from: id) { change in
            try Permissions.leave(try await change.lock(for: user))
            return try await change.leave(user)
        }
    }

    /// Adding a member twice changes nothing.
    public func add(_ users: [UserID], to id: ConversationID, by user: UserID) async throws -> Conversation {
        guard (1...1000).contains(users.count) else { throw ChatError.invalid("userIds", "1 to 1,000") }
        try await members.add(users, to: id, by: user) { change in
            let membership = try await change.lock(for: user)
            let bringingBack = try await change.wasRemoved(anyOf: users)
            try Permissions.addMembers(membership, bringingBack: bringingBack)
            try await requireAll(users, field: "userIds", for: user)
            return true
        }
        return try await view(id, for: user)
    }

    /// Accepts a stranger's invitation; `leave` declines it. Without an invitation nothing changes.
    public func accept(_ id: ConversationID, by user: UserID) async throws -> Conversation {
        try await members.inTurn(id) {
            let accepted = try await members.change(id) { change in
                try Permissions.read(try await change.lock(for: user))
                return try await change.acceptInvitation(of: user)
            }
            if let accepted { try await announcements.acceptance(by: user, in: id, revision: accepted) }
        }
        return try await view(id, for: user)
    }

    public func remove(_ target: UserID, from id: ConversationID, by user: UserID) async throws {
        if target == user { return try await leave(id, by: user) }
        try await members.remove(target, from: id) { change in
            let membership = try await change.lock(for: user)
            try Permissions.read(membership)
            guard let role = try await change.role(of: target) else { throw ChatError.notFound("member") }
            try Permissions.removeMember(membership, target: role)
            return try await change.remove(target, by: user)
        }
    }

    /// A group keeps an owner: the last owner may leave, but cannot be demoted.
    public func setRole(
        _ role: Member.Role, of target: UserID, in id: ConversationID, by user: UserID
    ) async throws -> Conversation {
        try await members.inTurn(id) {
            let revision = try await members.change(id) { change in
                try Permissions.changeRole(try await change.lock(for: user))
                guard let current = try await change.role(of: target) else { throw ChatError.notFound("member") }
                if current == role { return nil }
                if current == .owner, try await change.countOwners() == 1 {
                    throw ChatError(
                        .conflict, "role: a group needs an owner; make somebody else one first", field: "role")
                }
                return try await change.setRole(role, of: target)
            }
            guard let revision else { return }
            try await announcements.role(role, of: target, in: id, revision: revision)
        }
        return try await view(id, for: user)
    }

    /// Checks that all of them exist, and that none of them has blocked `user`.
    private func requireAll(_ ids: [UserID], field: String, for user: UserID) async throws {
        let found = try await users.existing(ids)
        guard ids.allSatisfy(found.contains) else { throw ChatError.invalid(field, "no such user") }
        guard try await !blocks.anyBlocks(of: ids, against: user) else {
            throw ChatError(.forbidden, "\(field): somebody of these cannot be added by you", field: field)
        }
    }
}
