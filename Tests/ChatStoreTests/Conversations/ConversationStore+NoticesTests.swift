import ChatModel
import ChatTesting
import PostgresClient
import Testing

@testable import ChatStore

/// What happens to a group beside messages.
@Suite struct NoticesTests {
    private struct Stage {
        let database: TestDatabase
        let ana: UserID
        let people: [UserID]
        let group: ConversationID

        init(_ database: TestDatabase) async throws {
            self.database = database
            ana = try await database.person("ana")
            people = try await database.people(5)
            group = try await database.group(ana, people[0])
        }

        func change<Value: Sendable>(
            by user: UserID, _ body: @escaping @Sendable (ConversationChange) async throws -> Value
        ) async throws {
            _ = try await database.stores.conversations.change(group) { change in
                _ = try await change.lock(for: user)
                return try await body(change)
            }
        }

        func notices() async throws -> [GroupNotice] { try await page().notices }

        func page(_ bounds: GroupNoticeBounds = .init(), limit: Int = 50) async throws -> GroupNoticePage {
            try await database.stores.conversations.notices(of: group, for: ana, within: bounds, limit: limit)
        }

        /// Each as `seq kind by people`.
        func lines() async throws -> [String] {
            let names = Dictionary(
                uniqueKeysWithValues: [(ana, "ana")] + people.enumerated().map { ($1, "p\($0)") })
            return try await notices().map { notice in
                let by = notice.by.map { names[$0.id] ?? "?" } ?? "-"
                let people = notice.people.map { names[$0.id] ?? "?" }.joined(separator: "+")
                return "\(notice.seq) \(notice.kind) \(by) \(people) \(notice.count) \(notice.title ?? "")"
            }
        }
    }

    @Test func changesOfTheServerSayWhoMadeThem() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            let (ana, people) = (stage.ana, stage.people)
            #expect(try await stage.notices().isEmpty, "those with whom it begins are no news")
            try await stage.change(by: ana) { try await $0.add([people[1]], by: ana) }
            try await database.message(from: ana, to: stage.group)
            try await stage.change(by: people[2]) { try await $0.add([people[2]], by: nil) }
            try await stage.change(by: people[2]) { try await $0.leave(people[2]) }
            try await database.message(from: ana, to: stage.group)
            try await stage.change(by: ana) { try await $0.remove(people[1], by: ana) }
            try await stage.change(by: ana) { try await $0.setTitle("New") }
            try await stage.change(by: ana) { try await $0.setTitle("New") }
            try await stage.change(by: ana) { try await $0.add([people[0]], by: ana) }
            #expect(
                try await stage.lines() == [
                    "0 added ana p1 1 ", "1 joined p2 p2 1 ", "1 left p2 p2 1 ", "2 removed ana p1 1 ",
                    "2 renamed ana  0 New",
                ])
            let ids = try await stage.notices().map(\.id)
            #expect(ids == ids.sorted())
        }
    }

    @Test func manyAtOnceAreOneNotice() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            let (ana, people) = (stage.ana, stage.people)
            try await stage.change(by: ana) { try await $0.add(people, by: ana) }
            let notices = try await stage.notices()
            #expect(notices.map(\.kind) == [.added])
            #expect(notices.map(\.count) == [4], "one was a member before")
            #expect(notices.map(\.people.count) == [3])
            #expect(notices[0].by?.displayName == "Display of ana")
        }
    }

    @Test func changesInSQLMakeThemToo() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            let (group, other) = (stage.group.uuid, stage.people[1].uuid)
            try await database.moderate(
                "INSERT INTO members (conversation_id, user_id, role) VALUES (\(group), \(other), 'member')")
            try await database.moderate("UPDATE conversations SET title = 'By hand' WHERE id = \(group)")
            try await database.moderate("DELETE FROM members WHERE conversation_id = \(group) AND user_id = \(other)")
            #expect(
                try await stage.lines() == ["0 added - p1 1 ", "0 renamed -  0 By hand", "0 removed - p1 1 "])
            try await database.moderate("DELETE FROM conversations WHERE id = \(group)")
            let rows = try await database.client.query("SELECT count(*) AS count FROM notices")
            #expect(try rows.first?.decode("count", as: Int.self) == 0)
        }
    }

    @Test(
        arguments: [
            "DELETE FROM notices WHERE title = 'Bad'", "UPDATE notices SET title = '***' WHERE title = 'Bad'",
        ] as [PostgresQuery])
    func removingThemInSQLIsAChangeOfTheConversation(statement: PostgresQuery) async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            func count(_ query: PostgresQuery) async throws -> Int {
                try await database.client.query("SELECT (\(query))::int AS count").first?["count"] ?? -1
            }
            let told: PostgresQuery =
                "SELECT count(*) FROM moderation.kept_changes WHERE kind = 'conversation' AND subject = \(stage.group)"
            let logged: PostgresQuery =
                """
                SELECT count(*) FROM moderation.audit_log
                WHERE action LIKE 'notice.%' AND subject = \(stage.group.uuid)::text AND detail::text NOT LIKE '%Bad%'
                """
            let revision: PostgresQuery = "SELECT revision FROM conversations WHERE id = \(stage.group)"
            try await stage.change(by: stage.ana) { try await $0.setTitle("Bad") }
            try await stage.change(by: stage.ana) { try await $0.setTitle("Good") }
            let before = (try await count(told), try await count(revision))
            try await database.moderate(statement)
            #expect(try await count(told) == before.0 + 1)
            #expect(try await count(revision) == before.1 + 1)
            #expect(try await count(logged) == 1)
            #expect(try await !stage.notices().compactMap(\.title).contains("Bad"))
            try await database.moderate("DELETE FROM notices WHERE title = 'none of them'")
            #expect(try await count(told) == before.0 + 1)
            try await database.moderate("DELETE FROM conversations WHERE id = \(stage.group)")
            #expect(try await count("SELECT count(*) FROM moderation.audit_log WHERE action LIKE 'notice.%'") == 1)
        }
    }

    @Test func pagesHaveTheNewestWithinTheirBounds() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            let ana = stage.ana
            for number in 0..<4 {
                try await stage.change(by: ana) { try await $0.setTitle("\(number)") }
                try await database.message(from: ana, to: stage.group)
            }
            func titles(_ page: GroupNoticePage) -> [String?] { page.notices.map(\.title) }
            #expect(titles(try await stage.page()) == ["0", "1", "2", "3"])
            #expect(titles(try await stage.page(.init(after: 1, before: 3))) == ["1", "2"])
            let newest = try await stage.page(limit: 3)
            #expect(titles(newest) == ["1", "2", "3"] && newest.next != nil)
            #expect(try await stage.page(limit: 4).next == nil)
        }
    }

    @Test func manyOfOnePlaceAreReadPageByPage() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            let ana = stage.ana
            try await stage.change(by: ana) { try await $0.setTitle("early") }
            try await database.message(from: ana, to: stage.group)
            for number in 0..<4 { try await stage.change(by: ana) { try await $0.setTitle("\(number)") } }
            try await database.message(from: ana, to: stage.group)
            try await stage.change(by: ana) { try await $0.setTitle("late") }
            var found: [String?] = []
            var bounds = GroupNoticeBounds(after: 1, before: 2)
            repeat {
                let page = try await stage.page(bounds, limit: 1)
                found += page.notices.map(\.title)
                bounds.cursor = page.next
            } while bounds.cursor != nil && found.count < 9
            #expect(found == ["3", "2", "1", "0"])
        }
    }

    @Test func onlyMembersSeeThemAndDirectConversationsHaveNone() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            let store = database.stores.conversations
            let outsider = stage.people[3]
            #expect(
                try await refusal {
                    _ = try await store.notices(of: stage.group, for: outsider, within: .init(), limit: 1)
                } == .notFound)
            let direct = try await database.direct(stage.ana, outsider)
            #expect(
                try await store.notices(of: direct, for: outsider, within: .init(), limit: 1).notices.isEmpty)
        }
    }
}
