import ChatModel
import ChatTesting
import Testing

@testable import ChatStore

/// How a conversation looks to its members and from outside, and how lists of conversations are found.
@Suite struct ConversationStoreViewsTests {
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
            let me = try #require(mine.me)
            #expect((me.role, me.deliveredSeq, me.readSeq) == (.owner, 0, 0))
            #expect(mine.others == .init(deliveredSeq: 3, readSeq: 2), "who is not listed counts, too")
            let theirs = try #require(try await store.view(group, for: last))
            #expect(!theirs.members.contains { $0.user.id == last })
            let them = try #require(theirs.me)
            #expect((them.role, them.deliveredSeq, them.readSeq) == (.member, 3, 2))
            #expect(theirs.others == .init(deliveredSeq: 0, readSeq: 0))
            let outside = try #require(try await store.view(group, for: try await database.person()))
            #expect(outside.me == nil && outside.others == nil)
            let own = try await store.own(in: group, for: [owner, last])
            #expect(own[last]?.membership == theirs.me && own[last]?.others == theirs.others, "each is shown their own")
            #expect(own[owner]?.membership == mine.me && own[owner]?.others == mine.others)
        }
    }

    @Test func asManyMembersAreListedAsAreAskedFor() async throws {
        try await TestDatabase.run { database in
            let people = try await database.people(5)
            let group = try await database.group(people[0], people[1])
            try await database.stores.conversations.change(group) { change in
                for user in people.dropFirst(2) { _ = try await change.add([user], by: nil) }
            }
            for listed in [0, 1, 3, 50] {
                let view = try #require(
                    try await database.stores.conversations.views([group], for: people[4], listing: listed).first)
                #expect(view.members.count == min(listed, 5) && view.memberCount == 5)
                #expect(view.me?.role == .member && view.others != nil)
            }
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
}
