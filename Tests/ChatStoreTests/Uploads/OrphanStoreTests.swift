import ChatModel
import ChatTesting
import PostgresClient
import Testing

@testable import ChatStore

@Suite struct OrphanStoreTests {
    /// Long enough ago for the sweep.
    private let long: PostgresQuery = "now() - interval '2 hours'"

    @Test func uploadsUnusedForLongAreUnattached() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let (new, old, sent, avatar) = (
                try await database.upload(ana), try await database.upload(ana), try await database.upload(ana),
                try await database.upload(ana)
            )
            try await database.message(from: ana, to: try await database.group(ana), attachments: [sent.id])
            var change = UserStore.ProfileChange()
            change.avatar = .set(avatar.id)
            try await database.stores.users.update(ana, change)
            _ = try await database.client.query(
                "UPDATE uploads SET created_at = \(long) WHERE id <> \(new.id.uuid)")
            #expect(try await database.stores.orphans.unattached(limit: 10).map(\.id) == [old.id])
        }
    }

    @Test func filesOfDeletedMessagesAreWithdrawnUnlessTheyAreEvidence() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let group = try await database.group(ana, bo)
            let (withdrawn, lately, evidence, kept) = (
                try await database.upload(ana), try await database.upload(ana), try await database.upload(ana),
                try await database.upload(ana)
            )
            for (upload, deleter) in [(withdrawn, ana), (lately, ana), (evidence, bo)] {
                let message = try await database.message(from: ana, to: group, attachments: [upload.id])
                try await database.deleteMessage(message.id, by: deleter)
                if upload != lately {
                    _ = try await database.client.query(
                        "UPDATE messages SET deleted_at = \(long) WHERE id = \(message.id.uuid)")
                }
            }
            let first = try await database.message(from: ana, to: group, attachments: [kept.id])
            try await database.message(from: ana, to: group, attachments: [kept.id])
            try await database.deleteMessage(first.id, by: ana)
            _ = try await database.client.query("UPDATE messages SET deleted_at = \(long) WHERE id = \(first.id.uuid)")
            let orphans = try await database.stores.orphans.withdrawn(limit: 10)
            #expect(orphans.map(\.id) == [withdrawn.id], "one message that shows it is enough to keep it")
            let orphan = try #require(orphans.first)
            #expect(try await database.stores.orphans.retire(orphan), "its content goes too")
            #expect(try await database.stores.orphans.withdrawn(limit: 10).isEmpty)
        }
    }

    @Test func contentThatOthersUseStays() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let first = try await database.upload(ana)
            _ = try await database.upload(bo, sha256: first.sha256)
            let message = try await database.message(
                from: ana, to: try await database.group(ana), attachments: [first.id])
            try await database.deleteMessage(message.id, by: ana)
            _ = try await database.client.query("UPDATE messages SET deleted_at = \(long)")
            let orphan = try #require(try await database.stores.orphans.withdrawn(limit: 1).first)
            #expect(try await !database.stores.orphans.retire(orphan))
        }
    }

    @Test func theDatabaseIsComparedWithTheDisk() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let upload = try await database.upload(ana, size: 12)
            let orphans = database.stores.orphans
            let content = try #require(try await orphans.contents(prefix: String(upload.sha256.prefix(2))).first)
            #expect(content.sha256 == upload.sha256)
            #expect(content.size == 12)
            #expect(content.thumbnails == [])
            let other = upload.sha256.hasPrefix("00") ? "11" : "00"
            #expect(try await orphans.contents(prefix: other).isEmpty)
            try await orphans.forget(upload.sha256)
            #expect(try await orphans.contents(prefix: String(upload.sha256.prefix(2))).isEmpty)
            #expect(try await database.stores.uploads.contentOfRemoved(upload.id) == upload.sha256)
            #expect(try await orphans.dangling().isEmpty, "what is known to be lost does not dangle")
        }
    }
}
