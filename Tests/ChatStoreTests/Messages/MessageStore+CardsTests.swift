import ChatModel
import ChatTesting
import PostgresClient
import Testing

@testable import ChatStore

/// The cards of links.
@Suite struct CardsTests {
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

        /// A message with a card, whose picture is an upload.
        func message(_ text: String = "http://a.b", picture: UploadID? = nil) async throws -> MessageID {
            let id = try await database.message(text, from: ana, to: group).id
            _ = try await change(id) { try await $0.setCard(LinkCard(url: "http://a.b", title: "A"), picture: picture) }
            return id
        }

        func change<Value: Sendable>(
            _ id: MessageID, _ body: @escaping @Sendable (MessageChange) async throws -> Value
        ) async throws -> Value {
            try await database.stores.messages.change(id, in: group) { [ana] change in
                _ = try await change.lock(for: ana)
                return try await body(change)
            } committed: {
                $0
            }
        }

        func card(_ id: MessageID) async throws -> LinkCard? { try await database.stores.messages.find(id)?.card }

        func picture() async throws -> UploadID {
            let id = try await database.upload(ana).id
            _ = try await database.client.query(
                """
                UPDATE blobs SET kind = 'image', width = 4, height = 3,
                    thumbnails = '[{"size": "small", "width": 4, "height": 3}]'
                WHERE sha256 = (SELECT sha256 FROM uploads WHERE id = \(id))
                """)
            return id
        }

        func isRemoved(_ upload: UploadID) async throws -> Bool {
            let rows = try await database.client.query(
                "SELECT removed_at IS NOT NULL AS removed FROM uploads WHERE id = \(upload)")
            return try rows.first?["removed"] ?? true
        }
    }

    @Test func aCardIsAChangeOfItsMessage() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            let picture = try await stage.picture()
            let id = try await stage.message(picture: picture)
            let message = try #require(try await database.stores.messages.find(id))
            #expect(message.card?.url == "http://a.b" && message.card?.title == "A")
            #expect(message.card?.picture?.width == 4)
            #expect(message.card?.picture?.thumbnails.first?.url.contains("token=") == true)
            #expect(message.editedAt == nil)
            let changed = try await database.stores.messages.changed(
                stage.group, since: message.revision - 1, limit: 9, for: stage.bo)
            #expect(changed == [message])
            for after in [0, nil] {
                let history = try await database.stores.messages.history(
                    stage.group, before: nil, after: after, limit: 9, for: stage.bo)
                #expect(history.last?.card == message.card)
            }
        }
    }

    @Test func anotherLinksCardTakesItsPlace() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            let (first, second) = (try await stage.picture(), try await stage.picture())
            let id = try await stage.message("http://c.d http://a.b", picture: first)
            #expect(try await !database.stores.messages.wantsCard(id, for: "http://a.b"))
            #expect(try await database.stores.messages.wantsCard(id, for: "http://c.d"))
            _ = try await stage.change(id) {
                try await $0.setCard(LinkCard(url: "http://c.d", title: "C"), picture: second)
            }
            #expect(try await stage.card(id)?.title == "C")
            #expect(try await stage.isRemoved(first))
            #expect(try await !stage.isRemoved(second))
        }
    }

    @Test func aCardThatWasTakenAwayDoesNotComeBack() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            let picture = try await stage.picture()
            let id = try await stage.message(picture: picture)
            let before = try #require(try await database.stores.messages.find(id)).revision
            #expect(try await stage.change(id) { try await $0.dismissCard(of: "http://a.b") } == before + 1)
            #expect(try await stage.card(id) == nil)
            #expect(try await stage.isRemoved(picture))
            #expect(try await stage.change(id) { try await $0.dismissCard(of: "http://a.b") } == nil)
            #expect(try await !database.stores.messages.wantsCard(id, for: "http://a.b"))
            // Before there is one.
            let other = try await database.message("http://a.b", from: stage.ana, to: stage.group).id
            #expect(try await stage.change(other) { try await $0.dismissCard(of: "http://a.b") } == nil)
            #expect(try await !database.stores.messages.wantsCard(other, for: "http://a.b"))
        }
    }

    @Test func aCardGoesWithItsLink() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            let (edited, deleted) = (try await stage.picture(), try await stage.picture())
            let first = try await stage.message(picture: edited)
            _ = try await stage.change(first) { try await $0.edit(text: "still http://a.b") }
            #expect(try await stage.card(first) != nil)
            _ = try await stage.change(first) { try await $0.edit(text: "http://else.b") }
            #expect(try await stage.card(first) == nil)
            #expect(try await stage.isRemoved(edited))
            let second = try await stage.message(picture: deleted)
            _ = try await stage.change(second) { [ana = stage.ana] in try await $0.delete(by: ana) }
            #expect(try await stage.card(second) == nil)
            #expect(try await stage.isRemoved(deleted))
        }
    }

    @Test func aPictureThatIsUsedElsewhereStays() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            let picture = try await stage.picture()
            let id = try await stage.message(picture: picture)
            try await database.message("mine", from: stage.ana, to: stage.group, attachments: [picture])
            _ = try await stage.change(id) { try await $0.dismissCard(of: nil) }
            #expect(try await !stage.isRemoved(picture))
        }
    }

    @Test func aCardsPictureIsNoOrphanAndIsSeenByMembers() async throws {
        try await TestDatabase.run { database in
            let stage = try await Stage(database)
            let picture = try await stage.picture()
            _ = try await stage.message(picture: picture)
            _ = try await database.client.query("UPDATE uploads SET created_at = now() - interval '1 year'")
            #expect(try await database.stores.orphans.unattached(limit: 9).isEmpty)
            let stranger = try await database.person()
            #expect(try await database.stores.uploads.find(picture, viewer: stage.bo)?.visible == true)
            #expect(try await database.stores.uploads.find(picture, viewer: stranger)?.visible == false)
            guard case .attached = try await database.stores.uploads.delete(picture, owner: stage.ana) else {
                Issue.record("it was deleted while a card shows it")
                return
            }
        }
    }
}
