import ChatModel
import ChatTesting
import PostgresClient
import Testing

@testable import ChatStore

@Suite struct ModerationStoreTests {
    @Test func changesInSQLAreQueuedAndTheServersAreNot() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let message = try await database.message(from: ana, to: try await database.group(ana))
            let store = database.stores.moderation
            try await database.ban(ana)
            try await database.deleteMessage(message.id, by: ana)
            #expect(try await store.changes(limit: 10).isEmpty)
            try await database.moderate(
                "UPDATE users SET banned_at = NULL WHERE id = \(ana.uuid)",
                "UPDATE users SET muted_until = now() + interval '1 hour' WHERE id = \(ana.uuid)",
                "UPDATE messages SET deleted_at = NULL, text = 'back' WHERE id = \(message.id.uuid)")
            let changes = try await store.changes(limit: 10)
            #expect(Set(changes.map(\.kind)) == [.access, .mute, .message])
            #expect(changes.first { $0.kind == .message }?.subject == message.id.uuid)
            #expect(changes.map(\.id) == changes.map(\.id).sorted())
            #expect(try await store.changes(limit: 1).map(\.id) == [changes[0].id])
            try await store.forget([changes[0]])
            #expect(try await store.changes(limit: 10).map(\.id) == changes.dropFirst().map(\.id))
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
            #expect(try await store.changes(limit: 10).contains { $0.kind == .words })
            try await database.mute(ana)
            let mutes = try await database.stores.users.mutes(of: [ana, bo])
            #expect(mutes.first { $0.user == ana }?.until != nil)
            #expect(mutes.contains { $0.user == bo && $0.until == nil })
        }
    }
}
