import ChatModel
import ChatTesting
import PostgresClient
import Testing

@testable import ChatStore

/// What has been shared in a conversation.
@Suite struct SharingTests {
    private struct Stage {
        let database: TestDatabase
        let ana: UserID
        let bo: UserID
        let group: ConversationID

        init(_ database: TestDatabase) async throws {
            self.database = database
            ana = try await database.person()
            bo = try await database.person()
            group = try await database.group(ana, bo)
        }

        /// What somebody sees, as the ids of uploads and the links, page by page.
        func shared(
            _ kind: SharedItem.Kind, from start: SharedItemCursor = .before(seq: .max), limit: Int = 50
        ) async throws -> [String] {
            var found: [String] = []
            var cursor: SharedItemCursor? = start
            while let present = cursor {
                let page = try await database.stores.messages.shared(
                    kind, in: group, for: bo, from: present, limit: limit)
                #expect(page.items.count <= limit)
                found += page.items.flatMap { item in item.attachment.map { ["\($0.id)"] } ?? item.links }
                cursor = page.next
            }
            return found
        }

        /// An upload whose blob is of this kind.
        func upload(_ kind: Upload.Kind) async throws -> UploadID {
            let id = try await database.upload(ana).id
            _ = try await database.client.query(
                """
                UPDATE blobs SET kind = \(kind) WHERE sha256 = (SELECT sha256 FROM uploads WHERE id = \(id))
                """)
            return id
        }
    }

    @Test func itemsComeByKindNewestFirstInPages() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            let (picture, sound) = (try await stage.upload(.image), try await stage.upload(.audio))
            let (film, file) = (try await stage.upload(.video), try await stage.upload(.file))
            try await database.message("http://a.b http://c.d", from: stage.ana, to: stage.group)
            try await database.message("one", from: stage.ana, to: stage.group, attachments: [picture, file, sound])
            try await database.message("https://e.f", from: stage.ana, to: stage.group, attachments: [film])
            for limit in 1...4 {
                #expect(try await stage.shared(.media, limit: limit) == [film, sound, picture].map { "\($0)" })
                #expect(try await stage.shared(.files, limit: limit) == ["\(file)"])
                #expect(try await stage.shared(.links, limit: limit) == ["https://e.f", "http://a.b", "http://c.d"])
            }
            let item = try #require(
                try await database.stores.messages.shared(
                    .media, in: stage.group, for: stage.bo, from: .before(seq: .max), limit: 1
                ).items.first)
            #expect(item.seq == 3 && item.text == "https://e.f" && item.sender.id == stage.ana)
            #expect(item.attachment?.url.contains("token=") == true)
        }
    }

    @Test func itemsComeBeforeAndAfterAMessage() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            var ids: [UploadID] = []
            for _ in 0..<8 { ids.append(try await stage.upload(.image)) }
            for pair in [ids[0...1], ids[2...3], ids[4...5], ids[6...7]] {
                try await database.message(from: stage.ana, to: stage.group, attachments: Array(pair))
            }
            for limit in 1...5 {
                let before = try await stage.shared(.media, from: .before(seq: 3), limit: limit)
                #expect(before == ids[..<4].reversed().map { "\($0)" })
                let after = try await stage.shared(.media, from: .after(seq: 2), limit: limit)
                #expect(after == ids[4...].map { "\($0)" })
            }
            #expect(try await stage.shared(.media, from: .before(seq: 1)).isEmpty)
            #expect(try await stage.shared(.media, from: .after(seq: 4)).isEmpty)
        }
    }

    @Test func deletionsRestoringsEditsAndRemovalsCount() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            let (one, other) = (try await stage.upload(.image), try await stage.upload(.image))
            let first = try await database.message(
                "http://a.b", from: stage.ana, to: stage.group, attachments: [one])
            let second = try await database.message("plain", from: stage.ana, to: stage.group, attachments: [other])
            func all() async throws -> [String] { try await stage.shared(.media) + stage.shared(.links) }
            #expect(try await all() == ["\(other)", "\(one)", "http://a.b"])
            try await database.moderate("UPDATE messages SET deleted_at = now() WHERE id = \(first.id.uuid)")
            #expect(try await all() == ["\(other)"])
            try await database.moderate("UPDATE messages SET deleted_at = NULL WHERE id = \(first.id.uuid)")
            #expect(try await all() == ["\(other)", "\(one)", "http://a.b"])
            _ = try await database.change(first) { try await $0.edit(text: "no link") }
            _ = try await database.change(second) { try await $0.edit(text: "http://c.d") }
            #expect(try await all() == ["\(other)", "\(one)", "http://c.d"])
            try await database.moderate("UPDATE uploads SET removed_at = now() WHERE id = \(other.uuid)")
            #expect(try await all() == ["\(one)", "http://c.d"])
            try await database.deleteMessage(second.id, by: stage.ana)
            #expect(try await all() == ["\(one)"])
            try await database.moderate("DELETE FROM messages WHERE id = \(first.id.uuid)")
            #expect(try await all().isEmpty)
            let rows = try await database.client.query("SELECT count(*) AS count FROM shared_items")
            #expect(try rows.first?.decode("count", as: Int.self) == 0)
        }
    }

    @Test func onlyMembersSeeThem() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            for (visibility, code) in [
                (Conversation.Visibility.public, ChatError.Code.notAMember), (.private, .notFound),
            ] {
                let group = try await database.group(ana, visibility: visibility)
                let found = try await refusal {
                    _ = try await database.stores.messages.shared(
                        .media, in: group, for: bo, from: .before(seq: 9), limit: 1)
                }
                #expect(found == code)
            }
        }
    }

    @Test func aPictureThatIsSentAsAFileIsOneForEverybody() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            let (one, other) = (try await stage.upload(.image), try await stage.upload(.image))
            let sent = try await database.message(
                from: stage.ana, to: stage.group, attachments: [one, other], asFiles: [other])
            func check(_ attachments: [Upload]) {
                #expect(attachments.map(\.kind) == [.image, .file])
                #expect(attachments[0].url.contains("download") == false)
                #expect(attachments[1].url.hasSuffix("&download=1") && attachments[1].thumbnails.isEmpty)
                #expect(attachments[1].width == nil)
            }
            check(sent.attachments)
            check(try #require(try await database.stores.messages.find(sent.id)).attachments)
            func shared(_ kind: SharedItem.Kind) async throws -> [Upload.Kind?] {
                try await database.stores.messages.shared(
                    kind, in: stage.group, for: stage.bo, from: .before(seq: .max), limit: 9
                ).items.map(\.attachment?.kind)
            }
            #expect(try await shared(.media) == [.image])
            #expect(try await shared(.files) == [.file])
        }
    }

    @Test func whatIsSaidAboutAnAttachmentStaysUntilItsMessageIsDeleted() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            let (one, other) = (try await stage.upload(.image), try await stage.upload(.image))
            let sent = try await database.message(
                from: stage.ana, to: stage.group, attachments: [one, other], alts: [other: "a calm sea"])
            #expect(sent.attachments.map(\.alt) == [nil, "a calm sea"])
            let edited = try await database.change(sent) { try await $0.edit(text: "other words") }
            #expect(edited > sent.revision)
            #expect(try await database.stores.messages.find(sent.id)?.attachments.map(\.alt) == [nil, "a calm sea"])
            let shared = try await database.stores.messages.shared(
                .media, in: stage.group, for: stage.bo, from: .before(seq: .max), limit: 9)
            #expect(shared.items.map(\.attachment?.alt) == ["a calm sea", nil])
            try await database.deleteMessage(sent.id, by: stage.ana)
            let rows = try await database.client.query("SELECT 1 FROM attachments WHERE alt IS NOT NULL")
            #expect(rows.isEmpty)
        }
    }
}
