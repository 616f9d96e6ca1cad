import ChatModel
import ChatTesting
import PostgresClient
import Testing

@testable import ChatStore

@Suite struct ModerationStoreTests {
    private func changes(_ database: TestDatabase) async throws -> [ModerationStore.Change] {
        try await database.stores.moderation.changes(from: 0, past: 0, limit: 100).changes
    }

    @Test func changesInSQLAreKeptAndTheServersOwnAreNone() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let message = try await database.message(from: ana, to: try await database.group(ana))
            let store = database.stores.moderation
            try await database.ban(ana)
            try await database.deleteMessage(message.id, by: ana)
            #expect(try await changes(database).isEmpty)
            try await database.moderate(
                "UPDATE users SET banned_at = NULL WHERE id = \(ana.uuid)",
                "UPDATE users SET muted_until = now() + interval '1 hour' WHERE id = \(ana.uuid)",
                "UPDATE messages SET deleted_at = NULL, text = 'back' WHERE id = \(message.id.uuid)")
            let all = try await changes(database)
            #expect(Set(all.map(\.kind)) == [.access, .mute, .message])
            #expect(all.first { $0.kind == .message }?.subject == message.id.uuid)
            #expect(all.map(\.id) == all.map(\.id).sorted())
            let first = try await store.changes(from: 0, past: 0, limit: 1)
            #expect(first.changes.map(\.id) == [all[0].id])
            let rest = try await store.changes(from: all[0].transaction, past: all[0].id, limit: 10)
            #expect(rest.changes.map(\.id) == all.dropFirst().map(\.id))
            let none = try await store.changes(from: all[0].transaction, past: all[2].id, limit: 10)
            #expect(none.changes.isEmpty && none.oldestTransaction >= first.oldestTransaction)
        }
    }

    @Test func aTransactionUnderWayKeepsTheHorizonBack() async throws {
        try await TestDatabase.run { database in
            let store = database.stores.moderation
            try await database.onAnotherServer { other in
                try await other.client.withTransaction { transaction in
                    _ = try await transaction.query("SELECT moderation.announce('words', NULL)")
                    try await database.moderate("SELECT moderation.announce('mute', NULL)")
                    let page = try await store.changes(from: 0, past: 0, limit: 10)
                    #expect(page.changes.map(\.kind) == [.mute])
                    let own = try await transaction.query("SELECT pg_current_xact_id()::text::bigint AS id").first
                    // Transactions of other databases count as well.
                    let number = try own?.decode("id", as: Int.self) ?? 0
                    #expect(page.oldestTransaction <= number)
                }
            }
            #expect(Set(try await changes(database).map(\.kind)) == [.words, .mute])
        }
    }

    @Test func changesGoByTheirAgeIfTheyWereActedOn() async throws {
        try await TestDatabase.run { database in
            let store = database.stores.moderation
            try await database.moderate("SELECT moderation.announce('words', NULL)")
            try await database.moderate("SELECT moderation.announce('mute', NULL)")
            let all = try await changes(database)
            try await store.forget(olderThan: 3600, before: all[1].transaction + 1)
            #expect(try await changes(database).count == 2)
            for table: PostgresQuery in ["kept_changes", "changes"] {
                _ = try await database.client.query("UPDATE moderation.\(table) SET at = at - interval '2 hours'")
            }
            try await store.forget(olderThan: 3600, before: all[1].transaction)
            #expect(try await changes(database).map(\.kind) == [.mute], "nobody has acted on it")
            #expect(try await database.client.query("SELECT 1 FROM moderation.changes").isEmpty)
        }
    }

    @Test func titlesAndMembersInSQLAreChangesOfTheConversation() async throws {
        try await TestDatabase.run { database in
            let (ana, bo, cy) = (
                try await database.person(), try await database.person(), try await database.person()
            )
            let group = try await database.group(ana, bo)
            func revision() async throws -> Int? {
                try await database.stores.conversations.positions(of: [group]).first?.revision
            }
            let statements: [PostgresQuery] = [
                "UPDATE conversations SET title = 'Another' WHERE id = \(group.uuid)",
                "UPDATE conversations SET visibility = 'public' WHERE id = \(group.uuid)",
                "INSERT INTO members (conversation_id, user_id, role) VALUES (\(group.uuid), \(cy.uuid), 'member')",
                "UPDATE members SET role = 'admin' WHERE conversation_id = \(group.uuid) AND user_id = \(bo.uuid)",
                "DELETE FROM members WHERE conversation_id = \(group.uuid) AND user_id = \(cy.uuid)",
            ]
            for statement in statements {
                let before = try #require(try await revision())
                let known = try await changes(database).count
                try await database.moderate(statement)
                #expect(try await revision() == before + 1)
                let new = try await changes(database).dropFirst(known)
                #expect(new.contains { $0.kind == .conversation && $0.subject == group.uuid })
            }
            let known = try await changes(database).count
            _ = try await database.client.query("UPDATE conversations SET title = 'Mine' WHERE id = \(group)")
            #expect(try await changes(database).count == known, "the server tells of its own changes")
            let old = try await database.client.query("SELECT 1 FROM moderation.changes WHERE kind = 'conversation'")
            #expect(old.isEmpty, "servers of the version before do not know it")
        }
    }

    @Test func wordsAndMutesAreRead() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let store = database.stores.moderation
            try await database.moderate(
                "SELECT moderation.add_blocked_word('darn*', 'mask')", "SELECT moderation.add_blocked_word('bad')")
            #expect(try await store.blockedWords().map(\.pattern) == ["bad", "darn*"])
            #expect(try await store.blockedWords().map(\.action) == [.refuse, .mask])
            #expect(try await changes(database).contains { $0.kind == .words })
            try await database.mute(ana)
            let mutes = try await database.stores.users.mutes(of: [ana, bo])
            #expect(mutes.first { $0.user == ana }?.until != nil)
            #expect(mutes.contains { $0.user == bo && $0.until == nil })
        }
    }
}
