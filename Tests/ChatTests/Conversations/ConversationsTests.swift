import ChatModel
import ChatTesting
import Testing

@testable import Chat

/// Who may change a conversation, and who is told.
@Suite struct ConversationsTests {
    /// A private group of an owner, an admin and a member, all of them online.
    private struct Group {
        let id: ConversationID
        let owner: UserID
        let admin: UserID
        let member: UserID
        let stranger: UserID

        init(_ test: TestChat, visibility: Conversation.Visibility = .private) async throws {
            let people = try await test.database.people(4)
            (owner, admin, member, stranger) = (people[0], people[1], people[2], people[3])
            for person in people { _ = test.chat.presence.enter(person) }
            id = try await test.chat.conversations.makeGroup(
                by: owner, title: "A group", visibility: visibility, members: [admin, member]
            ).id
            _ = try await test.chat.conversations.setRole(.admin, of: admin, in: id, by: owner)
            _ = test.events.take()
        }
    }

    /// The users who are shown the conversation again.
    private func shownAnew(_ events: [ChatEvent]) -> Set<UserID> {
        Set(events.compactMap { if case .conversationUpdated(_, let user) = $0 { user } else { nil } })
    }

    /// Somebody was added and removed again before the addition is told.
    @Test func whoHasGoneAgainIsNotLetInAndHidesNothingFromOthers() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(3)
            let (ana, bo, cleo) = (people[0], people[1], people[2])
            let group = try await test.database.group(ana, bo)
            for person in people { _ = test.chat.presence.enter(person) }
            let announcements = test.chat.conversations.announcements
            let members = try await announcements.newMembers([cleo, bo], of: group)
            #expect(members.map(\.user) == [bo])
            #expect(members.first?.view?.id == group)
            #expect(try await announcements.views(of: group, for: [cleo, ana]).map(\.user) == [ana])
        }
    }

    // MARK: Renaming

    @Test func ownersAndAdminsRename() async throws {
        try await TestChat.run { test in
            let group = try await Group(test)
            let conversations = test.chat.conversations
            func rename(_ title: String, _ user: UserID) async throws -> ChatError.Code? {
                try await refusal { _ = try await conversations.rename(group.id, to: title, by: user) }
            }
            #expect(try await rename("  By the owner  ", group.owner) == nil)
            #expect(try await conversations.find(group.id, for: group.member).title == "By the owner")
            #expect(shownAnew(test.events.take()) == [group.owner, group.admin, group.member])
            #expect(try await rename("By the admin", group.admin) == nil)
            _ = test.events.take()
            #expect(try await rename("By a member", group.member) == .forbidden)
            #expect(try await rename("By a stranger", group.stranger) == .notFound)
            #expect(try await rename("", group.owner) == .validationFailed)
            try await test.database.mute(group.owner)
            #expect(try await rename("By somebody muted", group.owner) == .muted)
            #expect(test.events.take().isEmpty, "nobody is told of what was refused")
            #expect(try await conversations.find(group.id, for: group.member).title == "By the admin")
        }
    }

    // MARK: Coming

    @Test func managersAddToPrivateGroupsAndMembersToPublicOnes() async throws {
        try await TestChat.run { test in
            let group = try await Group(test)
            let open = try await Group(test, visibility: .public)
            let conversations = test.chat.conversations
            func add(_ user: UserID, to id: ConversationID, by adder: UserID) async throws -> ChatError.Code? {
                try await refusal { _ = try await conversations.add([user], to: id, by: adder) }
            }
            #expect(try await add(group.stranger, to: group.id, by: group.member) == .forbidden)
            #expect(try await add(group.stranger, to: group.id, by: group.stranger) == .notFound)
            #expect(try await add(.make(), to: group.id, by: group.owner) == .validationFailed)
            #expect(try await add(group.stranger, to: group.id, by: group.admin) == nil)
            #expect(try await add(open.stranger, to: open.id, by: open.member) == nil)
            #expect(try await add(group.owner, to: open.id, by: group.owner) == .notAMember)
        }
    }

    @Test func addedUserJoinsTheRoomBeforeSeeingTheConversation() async throws {
        try await TestChat.run { test in
            let group = try await Group(test)
            _ = try await test.chat.conversations.add([group.stranger], to: group.id, by: group.owner)
            let entries = test.events.takeAll()
            let steps = entries.compactMap { entry -> String? in
                switch entry {
                case .join(group.id, group.stranger): "join"
                case .event(.memberJoined(group.id, let member, _)):
                    member.user.id == group.stranger ? "joined" : nil
                case .event(.conversationCreated(let view, for: group.stranger)): view.id == group.id ? "shown" : nil
                default: nil
                }
            }
            #expect(steps == ["join", "shown", "joined"])
            #expect(shownAnew(entries.events) == [group.owner, group.admin, group.member])
            _ = try await test.chat.conversations.add([group.stranger], to: group.id, by: group.owner)
            #expect(test.events.take().isEmpty, "adding a member twice changes nothing")
        }
    }

    @Test func anybodyJoinsAPublicGroupUnlessRemovedFromIt() async throws {
        try await TestChat.run { test in
            let group = try await Group(test)
            let open = try await Group(test, visibility: .public)
            let conversations = test.chat.conversations
            func join(_ id: ConversationID, _ user: UserID) async throws -> ChatError.Code? {
                try await refusal { _ = try await conversations.join(id, by: user) }
            }
            #expect(try await join(group.id, group.stranger) == .notFound)
            #expect(try await join(open.id, open.stranger) == nil)
            #expect(try await join(open.id, open.stranger) == nil, "unchanged for a member")
            try await conversations.leave(open.id, by: open.stranger)
            #expect(try await join(open.id, open.stranger) == nil, "who left comes back")
            try await conversations.remove(open.stranger, from: open.id, by: open.admin)
            #expect(try await join(open.id, open.stranger) == .forbidden)
            #expect(
                try await refusal { _ = try await conversations.add([open.stranger], to: open.id, by: open.member) }
                    == .forbidden, "a member does not bring back whoever was removed")
            _ = try await conversations.add([open.stranger], to: open.id, by: open.admin)
        }
    }

    @Test func blockedUserAddsNobodyWhoBlockedThem() async throws {
        try await TestChat.run { test in
            let group = try await Group(test)
            try await test.chat.blocks.block(group.owner, by: group.stranger)
            #expect(
                try await refusal {
                    _ = try await test.chat.conversations.add([group.stranger], to: group.id, by: group.owner)
                } == .forbidden)
            #expect(
                try await refusal {
                    _ = try await test.chat.conversations.makeGroup(
                        by: group.owner, title: "x", visibility: .private, members: [group.stranger])
                } == .forbidden)
            _ = try await test.chat.conversations.add([group.stranger], to: group.id, by: group.admin)
        }
    }

    // MARK: Going

    @Test func membersRemoveOnlyLowerRoles() async throws {
        try await TestChat.run { test in
            let group = try await Group(test)
            let conversations = test.chat.conversations
            func remove(_ target: UserID, by user: UserID) async throws -> ChatError.Code? {
                try await refusal { try await conversations.remove(target, from: group.id, by: user) }
            }
            #expect(try await remove(group.owner, by: group.admin) == .forbidden)
            #expect(try await remove(group.admin, by: group.member) == .forbidden)
            #expect(try await remove(group.member, by: group.stranger) == .notFound)
            #expect(try await remove(group.stranger, by: group.owner) == .notFound)
            #expect(try await remove(group.member, by: group.admin) == nil)
            #expect(try await remove(group.admin, by: group.owner) == nil)
        }
    }

    @Test func removedUserLeavesTheRoomBeforeBeingTold() async throws {
        try await TestChat.run { test in
            let group = try await Group(test)
            try await test.chat.conversations.remove(group.member, from: group.id, by: group.owner)
            let entries = test.events.takeAll()
            let steps = entries.compactMap { entry -> String? in
                switch entry {
                case .leave(group.id, group.member): "leave"
                case .event(.memberLeft(group.id, user: group.member, _)): "left"
                case .event(.conversationRemoved(group.id, for: group.member, revision: 3)): "removed"
                default: nil
                }
            }
            #expect(steps == ["leave", "left", "removed"])
            #expect(shownAnew(entries.events) == [group.owner, group.admin])
            #expect(
                try await refusal { _ = try await test.chat.conversations.find(group.id, for: group.member) }
                    == .notFound)
        }
    }

    @Test func aGroupKeepsAnOwner() async throws {
        try await TestChat.run { test in
            let group = try await Group(test)
            let conversations = test.chat.conversations
            func setRole(_ role: Member.Role, of user: UserID, by changer: UserID) async throws -> ChatError.Code? {
                try await refusal { _ = try await conversations.setRole(role, of: user, in: group.id, by: changer) }
            }
            #expect(try await setRole(.admin, of: group.owner, by: group.owner) == .conflict, "it would have none")
            #expect(try await setRole(.member, of: group.admin, by: group.admin) == .forbidden)
            #expect(try await setRole(.owner, of: group.stranger, by: group.owner) == .notFound)
            #expect(try await setRole(.owner, of: group.member, by: group.owner) == nil)
            #expect(try await setRole(.member, of: group.owner, by: group.member) == nil)
            try await conversations.leave(group.id, by: group.member)
            let roles = try await conversations.find(group.id, for: group.owner).members.map(\.role)
            #expect(roles.contains(.owner), "the last owner's going promotes somebody")
        }
    }

    @Test func membersAreToldWhatAChangeOfMembersMadeOfTheGroup() async throws {
        try await TestChat.run { test in
            let group = try await Group(test)
            let conversations = test.chat.conversations
            _ = try await conversations.add([group.stranger], to: group.id, by: group.owner)
            let joined = test.events.take().compactMap { event -> (Member, MembershipChange)? in
                if case .memberJoined(group.id, let member, let change) = event { (member, change) } else { nil }
            }
            #expect(joined.map(\.0.user.id) == [group.stranger] && joined.map(\.0.role) == [.member])
            #expect(joined.map(\.0.user.status) == [.online])
            #expect(joined.map(\.1) == [MembershipChange(memberCount: 4, revision: 3)])
            try await conversations.leave(group.id, by: group.owner)
            let told = test.events.take()
            #expect(
                told.contains {
                    $0.isLeaving(group.owner, MembershipChange(memberCount: 3, revision: 4))
                })
            #expect(told.contains { $0.isRole(.owner, of: group.admin, revision: 4) }, "of the promotion, too")
            _ = try await conversations.setRole(.admin, of: group.member, in: group.id, by: group.admin)
            let roles = test.events.take()
            #expect(roles.contains { $0.isRole(.admin, of: group.member, revision: 5) }, "in a small group, too")
            #expect(shownAnew(roles) == [group.admin, group.member, group.stranger])
        }
    }

    @Test func joiningMemberShowsNoPresenceToEverybodyWhereABlockHidesItFromSomebody() async throws {
        try await TestChat.run { test in
            let group = try await Group(test)
            try await test.chat.blocks.block(group.member, by: group.stranger)
            _ = try await test.chat.conversations.add([group.stranger], to: group.id, by: group.owner)
            let joined = test.events.take().compactMap { event -> User? in
                if case .memberJoined(_, let member, _) = event { member.user } else { nil }
            }
            #expect(joined.count == 1)
            #expect(joined.allSatisfy { $0.status == nil && $0.lastSeenAt == nil })
        }
    }

    @Test func everybodyIsShownTheirOwnMembership() async throws {
        try await TestChat.run { test in
            let group = try await Group(test)
            _ = try await test.chat.conversations.rename(group.id, to: "New", by: group.owner)
            let roles = test.events.take().compactMap { event -> (UserID, Member.Role?)? in
                if case .conversationUpdated(let view, let user) = event { (user, view.me?.role) } else { nil }
            }
            #expect(
                Dictionary(roles, uniquingKeysWith: { first, _ in first })
                    == [group.owner: .owner, group.admin: .admin, group.member: .member])
        }
    }

    // MARK: Direct conversations

    /// What `user` is told, in order: `join`, `hide` and the events.
    private func told(_ entries: [RecordedEvents.Entry], _ user: UserID) -> [String] {
        entries.compactMap { entry in
            switch entry {
            case .join(_, user), .order(.show(_, to: user)): "join"
            case .order(.hide(_, from: user, _)): "hide"
            case .order(.endHiding(_, from: user)): "hidden"
            case .event(.conversationCreated(let view, for: user)): "created, \(view.unreadCount) unread"
            case .event(.conversationRemoved(_, for: user, _)): "removed"
            default: nil
            }
        }
    }

    @Test func directConversationAppearsToTheOtherWithItsFirstMessage() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(2)
            let (ana, bo) = (people[0], people[1])
            for person in people { _ = test.chat.presence.enter(person) }
            let conversations = test.chat.conversations
            _ = try await conversations.openDirect(by: ana, with: bo)
            var entries = test.events.takeAll()
            #expect(told(entries, ana) == ["join", "created, 0 unread"])
            #expect(told(entries, bo) == [])
            #expect(try await conversations.list(of: bo, after: nil, limit: 10).conversations.isEmpty)
            let request = MessageRequest(recipientId: bo, text: "hello")
            _ = try await test.chat.messages.send(request, from: ana)
            entries = test.events.takeAll()
            #expect(told(entries, bo) == ["join", "created, 1 unread"])
            #expect(told(entries, ana) == [], "who sees it is told nothing more")
            _ = try await test.chat.messages.send(request, from: ana)
            #expect(told(test.events.takeAll(), bo) == [])
        }
    }

    @Test func whoOpensAHiddenConversationSeesIt() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(2)
            for person in people { _ = test.chat.presence.enter(person) }
            let conversations = test.chat.conversations
            let (made, _) = try await conversations.openDirect(by: people[0], with: people[1])
            _ = test.events.takeAll()
            let (opened, isNew) = try await conversations.openDirect(by: people[1], with: people[0])
            #expect(opened.id == made.id && !isNew)
            #expect(told(test.events.takeAll(), people[1]) == ["join", "created, 0 unread"])
            _ = try await conversations.openDirect(by: people[1], with: people[0])
            #expect(told(test.events.takeAll(), people[1]) == [])
        }
    }

    @Test func hiddenConversationComesBackWithAMessageOfEither() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(3)
            let (ana, bo) = (people[0], people[1])
            for person in people { _ = test.chat.presence.enter(person) }
            let conversations = test.chat.conversations
            let direct = try await test.database.direct(ana, bo)
            let group = try await test.database.group(ana, bo)
            for sender in [ana, bo] {
                try await conversations.hide(direct, by: bo)
                #expect(told(test.events.takeAll(), bo) == ["hide", "hidden"])
                try await conversations.hide(direct, by: bo)
                #expect(test.events.takeAll().isEmpty, "hiding twice changes nothing")
                #expect(try await conversations.find(direct, for: bo).id == direct, "it can still be read")
                _ = try await test.chat.messages.send(MessageRequest(conversationId: direct, text: "hi"), from: sender)
                #expect(told(test.events.takeAll(), bo) == ["join", "created, 1 unread"])
            }
            #expect(try await refusal { try await conversations.hide(group, by: bo) } == .validationFailed)
            #expect(try await refusal { try await conversations.hide(direct, by: people[2]) } == .notFound)
            #expect(test.events.takeAll().isEmpty)
        }
    }

    @Test func directConversationKeepsItsTwoMembers() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(3)
            let conversations = test.chat.conversations
            let (made, isNew) = try await conversations.openDirect(by: people[0], with: people[1])
            let (found, isNewAgain) = try await conversations.openDirect(by: people[1], with: people[0])
            #expect(isNew && !isNewAgain && made.id == found.id)
            #expect(
                try await refusal { _ = try await conversations.openDirect(by: people[0], with: people[0]) }
                    == .validationFailed)
            #expect(
                try await refusal { _ = try await conversations.openDirect(by: people[0], with: .make()) } == .notFound)
            #expect(try await refusal { try await conversations.leave(made.id, by: people[0]) } == .forbidden)
            #expect(
                try await refusal { _ = try await conversations.add([people[2]], to: made.id, by: people[0]) }
                    == .forbidden)
            #expect(
                try await refusal { _ = try await conversations.rename(made.id, to: "x", by: people[0]) } == .forbidden)
            #expect(try await refusal { _ = try await conversations.find(made.id, for: people[2]) } == .notFound)
        }
    }
}

extension ChatEvent {
    fileprivate func isLeaving(_ user: UserID, _ change: MembershipChange) -> Bool {
        if case .memberLeft(_, user, change) = self { true } else { false }
    }

    fileprivate func isRole(_ role: Member.Role, of user: UserID, revision: Int) -> Bool {
        if case .roleChanged(_, user, role, revision) = self { true } else { false }
    }
}
