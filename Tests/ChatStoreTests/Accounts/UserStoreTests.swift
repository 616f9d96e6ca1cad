import ChatModel
import ChatTesting
import PostgresClient
import Testing

@testable import ChatStore

@Suite struct UserStoreTests {
    @Test func aNameIsTakenOnce() async throws {
        try await TestDatabase.run { database in
            _ = try await database.person("ana")
            #expect(try await database.stores.users.exists(username: "ana"))
            #expect(try await refusal { _ = try await database.person("ana") } == .usernameTaken)
            #expect(try await !database.stores.users.exists(username: "an"))
        }
    }

    @Test func peopleAreFoundByTheBeginningOfAName() async throws {
        try await TestDatabase.run { database in
            for (username, displayName) in [
                ("ana_1", "Ana Nova"), ("anax1", "Somebody"), ("bob", "Annalena Bo"), ("cleo", "Cleo"),
            ] {
                try await database.stores.users.insert(
                    id: .make(), username: username, displayName: displayName, hash: "")
            }
            func found(_ query: String, limit: Int = 10) async throws -> [String] {
                try await database.stores.users.search(query, limit: limit).map(\.username)
            }
            #expect(try await found("ana") == ["ana_1", "anax1"])
            #expect(try await found("ANA_") == ["ana_1"], "an underscore is itself")
            #expect(try await found("c%o") == [], "and so is a percent sign")
            #expect(try await found("nova") == ["ana_1"])
            #expect(try await found("bo annal") == ["bob"])
            #expect(try await found("") == ["ana_1", "anax1", "bob", "cleo"])
            #expect(try await found("", limit: 2) == ["ana_1", "anax1"])
            #expect(try await found("\\") == [])
        }
    }

    @Test func closedAccountsAreNotFound() async throws {
        try await TestDatabase.run { database in
            let (banned, disabled) = (try await database.person("banned"), try await database.person("disabled"))
            let users = database.stores.users
            try await database.ban(banned)
            try await users.disable(disabled)
            #expect(try await users.search("", limit: 10).isEmpty)
            #expect(try await users.credentials(username: "banned")?.banned == true)
            #expect(try await users.credentials(username: "disabled")?.disabled == true)
            _ = try await database.client.query("UPDATE users SET banned_until = now() WHERE id = \(banned.uuid)")
            try await users.enable(disabled)
            #expect(try await users.search("", limit: 10).map(\.username) == ["banned", "disabled"])
            #expect(try await users.credentials(id: banned)?.banned == false)
            #expect(try await users.credentials(id: disabled)?.disabled == false)
            #expect(try await users.credentials(username: "nobody") == nil)
        }
    }

    @Test func profileKeepsFieldsThatAreNotNamed() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person("ana")
            let users = database.stores.users
            let upload = try await database.upload(ana)
            var change = UserStore.ProfileChange()
            change.about = .set("about me")
            change.avatar = .set(upload.id)
            try await users.update(ana, change)
            change = UserStore.ProfileChange()
            change.displayName = "Another"
            try await users.update(ana, change)
            let user = try #require(try await users.find(ana))
            #expect(user.displayName == "Another")
            #expect(user.about == "about me")
            #expect(user.avatar?.id == upload.id)
            change = UserStore.ProfileChange()
            change.about = .set(nil)
            change.avatar = .set(nil)
            try await users.update(ana, change)
            #expect(try await users.find(ana)?.about == nil)
            #expect(try await users.find(ana)?.avatar == nil)
        }
    }

    @Test func mutedUserChangesNoProfile() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            try await database.mute(ana)
            var change = UserStore.ProfileChange()
            change.displayName = "Shouting"
            #expect(try await refusal { try await database.stores.users.update(ana, change) } == .muted)
            #expect(try await database.stores.users.findSelf([ana]).first?.user.mutedUntil != nil)
            #expect(try await database.stores.users.find(ana)?.mutedUntil == nil, "others are not told")
        }
    }

    @Test func existingLeavesOutUnknownUsers() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            #expect(try await database.stores.users.existing([ana, .make()]) == [ana])
        }
    }
}
