import ChatModel
import ChatTesting
import PostgresClient
import Testing

@testable import ChatStore

@Suite struct ConversationStoreTests {
    @Test func twoPeopleHaveOneDirectConversation() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let made = try #require(try await database.stores.conversations.direct(ana, bo))
            let found = try #require(try await database.stores.conversations.direct(bo, ana))
            #expect(made.created && !found.created)
            #expect(made.id == found.id)
            #expect(try await database.stores.conversations.direct(ana, .make()) == nil, "nobody has this id")
        }
    }

    @Test func blockedAndMutedUsersStartNoConversation() async throws {
        try await TestDatabase.run { database in
            let (ana, bo, cleo) = (
                try await database.person(), try await database.person(), try await database.person()
            )
            let conversations = database.stores.conversations
            let known = try await database.direct(ana, bo)
            for other in [bo, cleo] { _ = try await database.stores.blocks.insert(ana, by: other) }
            #expect(try await refusal { _ = try await conversations.direct(ana, cleo) } == .forbidden)
            #expect(try await conversations.direct(ana, bo)?.id == known)
            #expect(try await refusal { _ = try await conversations.direct(cleo, ana) } == nil, "the other way is free")
            try await database.mute(bo)
            #expect(try await refusal { _ = try await conversations.direct(bo, cleo) } == .muted)
            #expect(
                try await refusal {
                    try await conversations.insertGroup(
                        .make(), title: "x", visibility: .private, owner: bo, members: [])
                } == .muted)
        }
    }

    @Test func nobodyOpensAConversationWithAClosedAccount() async throws {
        try await TestDatabase.run { database in
            let people = try await database.people(3)
            let store = database.stores.conversations
            let known = try await database.direct(people[0], people[1])
            try await database.ban(people[1])
            try await database.stores.users.disable(people[2])
            #expect(try await store.direct(people[0], people[1])?.id == known)
            #expect(try await refusal { _ = try await store.direct(people[0], people[2]) } == .forbidden)
            try await database.stores.users.enable(people[2])
            #expect(try await store.direct(people[0], people[2])?.created == true)
        }
    }

    @Test func directConversationIsHiddenUntilAMessageComes() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let (store, sync) = (database.stores.conversations, database.stores.lists.sync)
            let start = try await sync.now()
            func seen(by user: UserID) async throws -> [Bool] {
                let marks = try await sync.marks(for: user, past: start.marks, limit: 10)
                return [
                    try await !store.list(of: user, after: nil, limit: 10).ids.isEmpty,
                    try await !sync.revisions(of: user).isEmpty,
                    try await store.positions(of: [user])[user] != nil,
                    !marks.isEmpty,
                    try await store.neighbors(of: [user])[user]?.heard.isEmpty == false,
                ]
            }
            let (all, none) = (Array(repeating: true, count: 5), Array(repeating: false, count: 5))
            let made = try #require(try await store.direct(ana, bo))
            #expect(made.created && !made.isHidden)
            #expect(try await seen(by: ana) == all)
            #expect(try await seen(by: bo) == none)
            #expect(try await store.neighbors(of: [ana])[ana]?.told == [], "of a conversation they do not see")
            #expect(try await store.neighbors(of: [bo])[bo]?.told == [ana])
            #expect(try await store.direct(bo, ana)?.isHidden == true)
            #expect(try await store.view(made.id, for: bo)?.id == made.id, "who knows it reads it")
            try await database.message(from: ana, to: made.id)
            #expect(try await seen(by: bo) == all)
            #expect(try await sync.undelivered(to: [bo])[bo] == [made.id: 1])

            _ = try await store.change(made.id) { try await $0.hide(from: bo) }
            #expect(try await seen(by: bo) == none)
            #expect(try await seen(by: ana) == all)
            #expect(try await sync.undelivered(to: [bo])[bo] == nil)
            #expect(try await sync.oldestUndelivered(to: bo, limit: 10).isEmpty)
            try await database.message(from: bo, to: made.id)
            #expect(try await seen(by: bo) == all, "one's own message, too")
            _ = try await store.change(made.id) { try await $0.hide(from: bo) }
            #expect(try await store.change(made.id) { try await $0.show(to: bo) }?.revision == 3)
            #expect(try await store.change(made.id) { try await $0.show(to: bo) } == nil, "it is shown")
            #expect(try await seen(by: bo) == all)
            let revisions = try await sync.revisions(of: ana).map(\.revision)
            #expect(revisions == [3], "two messages; hiding is no change that others see")
            let group = try await database.group(ana, bo)
            #expect(try await store.change(group) { try await $0.hide(from: bo) } == nil, "a group is never hidden")
        }
    }

    @Test func closedMembersDoNotHoldBackTheLowestMark() async throws {
        try await TestDatabase.run { database in
            let people = try await database.people(4)
            let store = database.stores.conversations
            let group = try await database.group(people[0], people[1], people[2], people[3])
            try await database.message(from: people[0], to: group)
            _ = try await database.stores.marks.move(
                [.init(conversation: group, user: people[1], delivered: 1, read: 1)], passingBy: false)
            func others() async throws -> Conversation.Marks? { try await store.view(group, for: people[0])?.others }
            #expect(try await others() == .init(deliveredSeq: 0, readSeq: 0))
            try await database.ban(people[2])
            try await database.stores.users.disable(people[3])
            #expect(try await others() == .init(deliveredSeq: 1, readSeq: 1))
            let view = try #require(try await store.view(group, for: people[0]))
            #expect(view.members.map(\.user.isClosed) == people.map { [people[2], people[3]].contains($0) })
            // A ban with an end, and nobody writes when it comes.
            _ = try await database.client.query(
                """
                UPDATE users SET banned_until = clock_timestamp() + interval '0.05 seconds' WHERE id = \(people[2].uuid)
                """)
            #expect(try await others() == .init(deliveredSeq: 1, readSeq: 1))
            _ = try await database.client.query("SELECT pg_sleep(0.1)")
            #expect(try await database.stores.users.reopen() == [people[2]])
            #expect(try await database.stores.users.reopen() == [])
            #expect(try await others() == .init(deliveredSeq: 0, readSeq: 0))
            // Somebody who joins is as closed as their account.
            _ = try await database.client.query("UPDATE users SET banned_until = NULL WHERE id = \(people[2].uuid)")
            let other = try await database.group(people[0], people[2])
            #expect(try await store.view(other, for: people[0])?.others == nil, "there are no open others")
        }
    }
<<<<<<< HEAD
=======

    // MARK: Views

    @Test func viewHasTheViewersOwnMembershipAndTheLowestMarksOfTheOthers() async throws {
        try await TestDatabase.run { database in
            let people = try await database.people(GroupSize.listed + 3)
            let (owner, last) = (people[0], people[people.count - 1])
            let store = database.stores.conversations
            let group = try await database.group(owner, visibility: .public)
            #expect(try await store.view(group, for: owner)?.others == nil, "there are no others")
            try await store.change(group) { _ = try await $0.add(Array(people.dropFirst()), by: nil) }
            for _ in 1...4 { try await database.message(from: owner, to: group) }
            func move(_ users: [UserID], delivered: Int, read: Int) async throws {
                _ = try await database.stores.marks.move(
                    users.map { .init(conversation: group, user: $0, delivered: delivered, read: read) },
                    passingBy: false)
            }
            try await move(Array(people.dropFirst().dropLast()), delivered: 4, read: 4)
            try await move([last], delivered: 3, read: 2)
            let mine = try #require(try await store.view(group, for: owner))
            #expect(mine.me == .init(role: .owner, deliveredSeq: 0, readSeq: 0))
            #expect(mine.others == .init(deliveredSeq: 3, readSeq: 2), "who is not listed counts, too")
            let theirs = try #require(try await store.view(group, for: last))
            #expect(!theirs.members.contains { $0.user.id == last })
            #expect(theirs.me == .init(role: .member, deliveredSeq: 3, readSeq: 2))
            #expect(theirs.others == .init(deliveredSeq: 0, readSeq: 0))
            let outside = try #require(try await store.view(group, for: try await database.person()))
            #expect(outside.me == nil && outside.others == nil)
            let own = try await store.own(in: group, for: [owner, last])
            #expect(own[last]?.membership == theirs.me && own[last]?.others == theirs.others, "each is shown their own")
            #expect(own[owner]?.membership == mine.me && own[owner]?.others == mine.others)
        }
    }

    @Test func changeOfMembersSaysWhatTheGroupHasBecome() async throws {
        try await TestDatabase.run { database in
            let people = try await database.people(4)
            let group = try await database.group(people[0])
            let store = database.stores.conversations
            let arrival = try await store.change(group) { try await $0.add(Array(people.dropFirst()), by: people[0]) }
            #expect(Set(arrival?.users ?? []) == Set(people.dropFirst()))
            #expect(arrival?.change == .init(memberCount: 4, revision: 2))
            #expect(try await store.change(group) { try await $0.add(people, by: people[0]) } == nil)
            let removal = try await store.change(group) { try await $0.remove(people[3], by: people[0]) }
            #expect(removal.change == .init(memberCount: 3, revision: 3) && removal.promoted == nil)
            let departure = try await store.change(group) { try await $0.leave(people[0]) }
            #expect(departure.change == .init(memberCount: 2, revision: 4))
            #expect(departure.promoted == people[1])
        }
    }

    @Test func unreadCountsUndeletedMessagesOfOthersPastTheMark() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let group = try await database.group(ana, bo)
            func unread(_ user: UserID) async throws -> Int? {
                try await database.stores.conversations.view(group, for: user)?.unreadCount
            }
            var messages: [Message] = []
            for number in 1...6 { messages.append(try await database.message(from: number == 3 ? bo : ana, to: group)) }
            #expect(try await unread(bo) == 5)
            #expect(try await unread(ana) == 1)
            _ = try await database.stores.marks.move(
                [.init(conversation: group, user: bo, delivered: 2, read: 2)], passingBy: false)
            #expect(try await unread(bo) == 3)
            try await database.deleteMessage(messages[4].id, by: ana)
            #expect(try await unread(bo) == 2)
            try await database.deleteMessage(messages[0].id, by: ana)
            #expect(try await unread(bo) == 2, "it was before the mark")
        }
    }

    @Test func fromOutsideAPublicGroupShowsItsTitleAndSizeOnly() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let open = try await database.group(ana, visibility: .public)
            try await database.message("inside", from: ana, to: open)
            let view = try #require(try await database.stores.conversations.view(open, for: bo))
            #expect(view.title == "A group")
            #expect(view.memberCount == 1)
            #expect(view.members.isEmpty)
            #expect(view.lastMessage == nil)
            let own = try #require(try await database.stores.conversations.view(open, for: ana))
            #expect(own.members.map(\.user.id) == [ana])
            #expect(own.members.map(\.role) == [.owner])
            #expect(own.lastMessage?.text == "inside")
        }
    }

    @Test func theLatestActivityComesFirstInPages() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            var groups: [ConversationID] = []
            for _ in 0..<5 { groups.append(try await database.group(ana)) }
            try await database.message(from: ana, to: groups[1])
            let store = database.stores.conversations
            let first = try await store.list(of: ana, after: nil, limit: 3)
            #expect(first.ids.first == groups[1])
            #expect(first.next != nil)
            let second = try await store.list(of: ana, after: first.next, limit: 3)
            #expect(second.next == nil)
            #expect(Set(first.ids + second.ids) == Set(groups))
            #expect(first.ids.count + second.ids.count == 5)
        }
    }

    @Test func publicGroupsAreFoundByTheBeginningsOfWords() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let conversations = database.stores.conversations
            func make(_ title: String, _ visibility: Conversation.Visibility) async throws -> ConversationID {
                let id = ConversationID.make()
                try await conversations.insertGroup(id, title: title, visibility: visibility, owner: ana, members: [])
                return id
            }
            let gardening = try await make("Gardening for all", .public)
            _ = try await make("Gardening in secret", .private)
            let cooking = try await make("Cooking", .public)
            func found(_ query: String) async throws -> Set<ConversationID> {
                Set(try await conversations.publicGroups(matching: query, after: nil, limit: 10).ids)
            }
            #expect(try await found("") == [gardening, cooking])
            #expect(try await found("gard") == [gardening])
            #expect(try await found("all gard") == [gardening])
            #expect(try await found("ardening") == [])
            #expect(try await found("gard & | !:*") == [gardening], "operators are no words")
            for (title, queries) in [
                ("Team-42 (ops@example.org)", ["team-42", "42", "@team", "ops@example.org", "exam"]),
                ("Café Größe", ["cafe", "grosse", "CAFÉ"]), ("北京大学同学会", ["大学", "同学会", "北京", "学"]),
                ("#random 🎲", ["random", "#random", "🎲"]), ("v1.2/beta", ["v1.2", "beta"]),
            ] {
                let group = try await make(title, .public)
                for query in queries { #expect(try await found(query) == [group], "\(query)") }
            }
        }
    }

    // MARK: Members

    @Test func addedMembersStartWithNothingUnread() async throws {
        try await TestDatabase.run { database in
            let (ana, bo, cleo) = (
                try await database.person(), try await database.person(), try await database.person()
            )
            let group = try await database.group(ana, bo)
            try await database.message(from: ana, to: group)
            let store = database.stores.conversations
            func add(_ users: [UserID]) async throws -> [UserID] {
                try await store.change(group) { change in
                    try await change.add(users, by: ana)?.users ?? []
                }
            }
            let before = try #require(try await store.view(group, for: ana))
            #expect(try await add([bo, cleo, .make()]) == [cleo])
            let after = try #require(try await store.view(group, for: ana))
            #expect(after.revision == before.revision + 1)
            #expect(try await add([bo, cleo]) == [])
            #expect(try await store.view(group, for: ana)?.revision == after.revision)
            #expect(try await store.view(group, for: cleo)?.unreadCount == 0, "what was before is no news")
        }
    }

    @Test func groupOfAStrangerIsAnInvitationUntilAnswered() async throws {
        try await TestDatabase.run { database in
            let (ana, bo, cleo) = (
                try await database.person(), try await database.person(), try await database.person()
            )
            // Bo has written to Ana, so he knows her; Cleo has not.
            try await database.message(from: bo, to: try await database.direct(ana, bo))
            let group = try await database.group(ana, bo, cleo)
            let store = database.stores.conversations
            func inviter(_ user: UserID) async throws -> UserID? {
                try await store.view(group, for: user)?.invitation?.by.id
            }
            #expect(try await inviter(bo) == nil)
            #expect(try await inviter(cleo) == ana)
            let accepted = try await store.change(group) { change in
                let first = try await change.acceptInvitation(of: cleo)
                return (first, try await change.acceptInvitation(of: cleo))
            }
            #expect(accepted == (2, nil))
            #expect(try await inviter(cleo) == nil)
            // Sending a message is an answer, too. Ana and Cleo now know each other from a private group.
            let dana = try await database.person()
            let second = try await database.group(ana, cleo, dana)
            #expect(try await store.view(second, for: cleo)?.invitation == nil)
            #expect(try await store.view(second, for: dana)?.invitation != nil)
            try await database.message(from: dana, to: second)
            #expect(try await store.view(second, for: dana)?.invitation == nil)
        }
    }

    @Test func lastOwnerIsSucceededByTheOldestAdminElseTheOldestMember() async throws {
        try await TestDatabase.run { database in
            let people = try await database.people(4)
            let group = try await database.group(people[0])
            let store = database.stores.conversations
            func change(_ body: @escaping @Sendable (ConversationChange) async throws -> Void) async throws {
                try await store.change(group) { try await body($0) }
            }
            for person in people.dropFirst() {
                try await change { _ = try await $0.add([person], by: nil) }
            }
            try await database.setRole(.admin, of: people[2], in: group)
            func roles(_ viewer: UserID) async throws -> [UserID: Member.Role] {
                let members = try await store.view(group, for: viewer)?.members ?? []
                return Dictionary(uniqueKeysWithValues: members.map { ($0.user.id, $0.role) })
            }
            try await change { _ = try await $0.leave(people[0]) }
            #expect(try await roles(people[1]) == [people[1]: .member, people[2]: .owner, people[3]: .member])
            try await change { _ = try await $0.leave(people[2]) }
            #expect(try await roles(people[1]) == [people[1]: .owner, people[3]: .member])
        }
    }

    @Test func removalIsRememberedUntilTheUserIsAddedAgain() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let group = try await database.group(ana, bo, visibility: .public)
            let store = database.stores.conversations
            func wasRemoved() async throws -> Bool? { try await store.membership(of: bo, in: group)?.wasRemoved }
            _ = try await store.change(group) { try await $0.leave(bo) }
            #expect(try await wasRemoved() == false, "leaving is no removal")
            try await store.change(group) { change in
                _ = try await change.add([bo], by: nil)
                _ = try await change.remove(bo, by: ana)
            }
            #expect(try await wasRemoved() == true)
            try await store.change(group) { change in
                #expect(try await change.wasRemoved(anyOf: [ana, bo]))
                _ = try await change.add([bo], by: ana)
            }
            #expect(try await wasRemoved() == false)
        }
    }

    @Test func membershipHasWhatPermissionsNeed() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let store = database.stores.conversations
            let (direct, open) = (
                try await database.direct(ana, bo), try await database.group(ana, visibility: .public)
            )
            #expect(try await store.membership(of: ana, in: .make()) == nil)
            #expect(
                try await store.membership(of: ana, in: open)
                    == Membership(kind: .group, visibility: .public, role: .owner))
            #expect(
                try await store.membership(of: bo, in: open)
                    == Membership(kind: .group, visibility: .public, role: nil))
            _ = try await database.stores.blocks.insert(bo, by: ana)
            try await database.mute(bo)
            #expect(
                try await store.membership(of: bo, in: direct)
                    == Membership(
                        kind: .direct, visibility: nil, role: .member, isMuted: true, isShutOut: true))
            #expect(
                try await store.membership(of: ana, in: direct)
                    == Membership(kind: .direct, visibility: nil, role: .member))
        }
    }

    /// Users who share a direct conversation or a small group are told who comes and goes.
    @Test func neighborsAreThoseWhoShareAConversation() async throws {
        try await TestDatabase.run { database in
            let (ana, bo, cleo, dana) = (
                try await database.person(), try await database.person(), try await database.person(),
                try await database.person()
            )
            _ = try await database.direct(ana, bo)
            _ = try await database.group(ana, bo, cleo)
            let neighbors = try await database.stores.conversations.neighbors(of: [ana, dana])
            #expect(Set(neighbors[ana]?.told ?? []) == [bo, cleo])
            #expect(neighbors[ana]?.told.count == 2, "each once")
            #expect(neighbors[ana]?.told == neighbors[ana]?.heard)
            #expect(neighbors[dana] == nil)
        }
    }
>>>>>>> e944b66 (Put live events in the order of their revisions)
}
