import ChatModel
import ChatTesting
import Testing

@testable import ChatStore

/// Who is in a conversation, and what becomes of it when they come and go.
@Suite struct ConversationStoreMembersTests {
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

    @Test func membersAreFoundByTheBeginningsOfTheirNames() async throws {
        try await TestDatabase.run { database in
            let (ana, anna, bo) = (
                try await database.person("ana"), try await database.person("anna_k"), try await database.person("bob")
            )
            _ = try await database.person("anatol")
            let group = try await database.group(ana, anna, bo)
            func found(_ query: String, limit: Int = 10) async throws -> [UserID] {
                try await database.stores.conversations.members(of: group, named: query, limit: limit).map(\.user.id)
            }
            #expect(try await found("an") == [ana, anna])
            #expect(try await found("@an", limit: 1) == [ana])
            #expect(try await found("anna_") == [anna])
            #expect(try await found("of display") == [ana, anna, bo], "the display name's words count")
            #expect(try await found("anatol") == [], "no member")
            try await database.ban(anna)
            #expect(try await found("an") == [ana])
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
}
