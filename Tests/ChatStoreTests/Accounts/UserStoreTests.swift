import ChatModel
import ChatTesting
import Foundation
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

    @Test(
        arguments: [
            ("J. Smith", ["j.smith", "smith", "j smith", "@j.smith", "SMITH", "j.smi", "smith j", "j. s"]),
            ("Team-42", ["team-42", "team 42", "@Team-42", "42", "tea", "team-4"]),
            ("ops@example.org", ["ops@example.org", "@ops@example.org", "example", "ops@exam", "ops"]),
            ("José Ñandú-Łuczak", ["jose", "nandu", "luczak", "José", "nandu luczak"]),
            ("Straßer", ["strasser", "STRASSER"]),
            ("王小明", ["王小明", "小明", "王", "明", "王小", "@小明"]), ("山田太郎", ["太郎", "田太", "山田 太郎"]),
            ("Κώστας", ["κωστας", "ΚΩΣΤΑΣ"]), ("Ann-Marie O’Hara", ["marie", "o'hara", "ann-marie"]),
            ("🚀 Rocket", ["🚀", "rocket"]),
            ("Ｆｕｌｌ", ["full"]), ("สมชาย", ["ชาย", "สม"]), ("김철수", ["철수", "김철"]), ("C++ fan", ["C++", "c++ fan"]),
        ] as [(String, [String])])
    func peopleAreFoundByWhatTheirNamesShow(name: String, queries: [String]) async throws {
        try await TestDatabase.run { database in
            let users = database.stores.users
            try await users.insert(id: .make(), username: "somebody", displayName: name, hash: "")
            try await users.insert(id: .make(), username: "another", displayName: "Another", hash: "")
            for query in queries {
                #expect(try await users.search(query, limit: 10).map(\.displayName) == [name], "\(query)")
            }
            #expect(try await users.search("@some", limit: 10).map(\.displayName) == [name])
            #expect(try await users.search("@", limit: 10).count == 2)
        }
    }

    @Test func peopleAreFoundByWordsOfTheirUserNames() async throws {
        try await TestDatabase.run { database in
            for name in ["j.smith", "team-42", "dr_who", "..."] { _ = try await database.person(name) }
            func found(_ query: String) async throws -> [String] {
                try await database.stores.users.search(query, limit: 10).map(\.username)
            }
            #expect(try await found("smith") == ["j.smith"])
            #expect(try await found("@j.smith") == ["j.smith"])
            #expect(try await found("42") == ["team-42"])
            #expect(try await found("who") == ["dr_who"])
            #expect(try await found("..") == ["..."])
        }
    }

    @Test func closedAccountsAreNotFound() async throws {
        try await TestDatabase.run { database in
            let (banned, disabled) = (try await database.person("banned"), try await database.person("disabled"))
            let users = database.stores.users
            try await database.ban(banned)
            try await users.disable(disabled)
            #expect(try await users.search("", limit: 10).isEmpty)
            #expect(try await users.credentials(username: "banned")?.isClosed == true)
            #expect(try await users.credentials(username: "disabled")?.isClosed == true)
            _ = try await database.client.query("UPDATE users SET banned_until = now() WHERE id = \(banned.uuid)")
            try await users.enable(disabled)
            #expect(try await users.search("", limit: 10).map(\.username) == ["banned", "disabled"])
            #expect(try await users.credentials(id: banned)?.isClosed == false)
            #expect(try await users.credentials(id: disabled)?.isClosed == false)
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
            #expect(user.avatar == (try await users.findSelf([ana]).first?.user.avatar), "however it is read")
            change = UserStore.ProfileChange()
            change.about = .set(nil)
            change.avatar = .set(nil)
            try await users.update(ana, change)
            #expect(try await users.find(ana)?.about == nil)
            #expect(try await users.find(ana)?.avatar == nil)
        }
    }

    @Test func statusAndSilenceEndByThemselves() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person("ana")
            let users = database.stores.users
            let soon = Date(timeIntervalSinceNow: 3600)
            let hours = DoNotDisturb.Hours(from: 1320, to: 420, timeZone: "Europe/Berlin")
            var change = UserStore.ProfileChange()
            change.status = .set(StatusMessage(text: "on holiday", emoji: "🌴", until: soon))
            change.doNotDisturb = .set(DoNotDisturb(until: soon, hours: hours))
            #expect(try await users.update(ana, change))
            #expect(try await users.update(ana, change) == false, "nothing changed")
            let user = try #require(try await users.find(ana))
            #expect(user.statusMessage?.text == "on holiday")
            #expect(user.statusMessage?.emoji == "🌴")
            #expect(user.statusMessage?.until != nil)
            #expect(user.doNotDisturb?.until != nil)
            #expect(user.doNotDisturb?.hours == hours)
            _ = try await database.client.query("UPDATE users SET status_until = now(), quiet_until = now()")
            let later = try #require(try await users.find(ana))
            #expect(later.statusMessage == nil)
            #expect(later.doNotDisturb == DoNotDisturb(until: nil, hours: hours))
            change.status = .keep
            change.doNotDisturb = .set(nil)
            #expect(try await users.update(ana, change))
            #expect(try await users.find(ana)?.doNotDisturb == nil)
        }
    }

    @Test func mutedUserIsSilentAndSaysNothing() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            try await database.mute(ana)
            var change = UserStore.ProfileChange()
            change.doNotDisturb = .set(DoNotDisturb(until: Date(timeIntervalSinceNow: 60), hours: nil))
            #expect(try await database.stores.users.update(ana, change))
            change.status = .set(StatusMessage(text: "shouting"))
            #expect(try await refusal { try await database.stores.users.update(ana, change) } == .muted)
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

    /// Tests/names.json: the database's rule knows less of scripts than `NameText`, but never refuses what that accepts.
    @Test func namesWrittenInSQLAreThoseOfTheServer() async throws {
        // Tests/ChatStoreTests/Accounts/UserStoreTests.swift is three levels below Tests.
        let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let table = try JSONDecoder().decode(
            [String: [String]].self, from: Data(contentsOf: tests.appending(path: "names.json")))
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let group = try await database.group(ana)
            func isRefused(_ statement: PostgresQuery) async throws -> Bool {
                do {
                    try await database.client.query(statement)
                    return false
                } catch  where error.sqlState == "23514" {
                    return true
                }
            }
            for (kind, names) in table {
                for name in names {
                    let comment = Comment(rawValue: "\(kind): \(name.unicodeScalars.map(\.value))")
                    let isBad = kind != "good"
                    #expect(
                        try await isRefused("UPDATE users SET display_name = \(name) WHERE id = \(ana)") == isBad,
                        comment)
                    #expect(
                        try await isRefused("UPDATE conversations SET title = \(name) WHERE id = \(group)") == isBad,
                        comment)
                }
            }
            #expect(
                try await isRefused(
                    "INSERT INTO users (id, username, display_name) VALUES (\(UserID.make()), 'zoe', \("\u{202E}"))"
                ))
        }
    }

    /// From before there was a rule: only a new name has to keep it.
    @Test func olderNamesStay() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            try await database.client.query("ALTER TABLE users DISABLE TRIGGER display_name_is_changed")
            try await database.client.query("UPDATE users SET display_name = \("\u{200B}") WHERE id = \(ana)")
            try await database.client.query("ALTER TABLE users ENABLE TRIGGER display_name_is_changed")
            try await database.client.query("UPDATE users SET last_seen_at = now(), display_name = display_name")
            #expect(try await database.stores.users.find(ana)?.displayName == "\u{200B}")
        }
    }

    @Test func moderatorsSpellUserNamesAsPeopleDo() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person("ana")
            let rows = try await database.client.query("SELECT moderation.find_user(\("Ａｎａ")) AS id")
            #expect(try rows.first?["id"] == ana)
        }
    }
}
