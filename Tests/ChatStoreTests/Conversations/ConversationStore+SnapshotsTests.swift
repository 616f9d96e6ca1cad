import ChatModel
import ChatTesting
import PostgresClient
import Testing

@testable import ChatStore

@Suite struct ConversationStoreSnapshotsTests {
    @Test func aSnapshotHasWhatIsPastARevision() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let (group, idle) = (try await database.group(ana, bo), try await database.group(bo))
            let store = database.stores.conversations
            let first = try await database.message("first", from: ana, to: group)
            let second = try await database.message("second", from: bo, to: group)
            let edited = try await database.change(first) { try await $0.edit(text: "edited") }
            let wanted = [(id: group, since: first.revision), (id: idle, since: 1), (id: .make(), since: 0)]
            let found = try await store.snapshots(wanted)
            let snapshots = Dictionary(found.map { ($0.position.id, $0) }, uniquingKeysWith: { first, _ in first })
            #expect(found.count == 2, "what does not exist has none")
            let busy = try #require(snapshots[group])
            #expect(busy.position == ConversationPosition(id: group, revision: edited, lastSeq: 2))
            #expect(busy.members == [ana, bo])
            #expect(busy.messages.map(\.id) == [second.id, first.id], "by revision")
            #expect(busy.messages.map(\.revision) == [second.revision, edited])
            #expect(busy.messages.last?.text == "edited" && !busy.isCut)
            let quiet = try #require(snapshots[idle])
            #expect(quiet.messages.isEmpty && quiet.members == [bo])
            #expect(quiet.position == ConversationPosition(id: idle, revision: 1, lastSeq: 0))
        }
    }

    @Test func fromWhomAConversationIsHiddenIsNoMemberOfASnapshot() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let direct = try await database.direct(ana, bo)
            let store = database.stores.conversations
            _ = try await store.change(direct) { try await $0.hide(from: bo) }
            #expect(try await store.snapshots([(id: direct, since: 0)]).map(\.members) == [[ana]])
        }
    }

    @Test func aSnapshotIsBounded() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let group = try await database.group(ana)
            try await database.moderate(
                """
                INSERT INTO messages (id, conversation_id, sender_id, seq, revision, text)
                SELECT gen_random_uuid(), \(group), \(ana), n, n + 1, 'x' FROM generate_series(1, 501) n
                """, "UPDATE conversations SET last_seq = 501, revision = 502 WHERE id = \(group)")
            let store = database.stores.conversations
            #expect(try await store.snapshots([(id: group, since: 1)]).map(\.isCut) == [true])
            #expect(try await store.snapshots([(id: group, since: 2)]).map(\.isCut) == [false])
            #expect(try await store.snapshots([(id: group, since: 2)]).map(\.messages.count) == [500])
        }
    }
}
