import ChatModel
import ChatStore
import ChatTesting
import PostgresClient
import Testing

@testable import Chat

@Suite struct TextQuotaTests {
    private func quota(_ bytes: Int, _ database: TestDatabase) -> TextQuota {
        TextQuota(bytes: bytes, store: database.stores.textQuota, logger: .silent)
    }

    private func stored(_ user: UserID, _ database: TestDatabase) async throws -> Int? {
        try await database.client.query("SELECT bytes FROM stored_text WHERE user_id = \(user)").first?["bytes"]
    }

    @Test func whoHasStoredTooMuchHasNoRoom() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let quota = quota(1000, database)
            #expect(quota.hasRoom(ana))
            quota.count(999, of: ana)
            #expect(quota.hasRoom(ana), "one byte is left")
            quota.count(1, of: ana)
            #expect(!quota.hasRoom(ana) && quota.hasRoom(bo))
            quota.count(-500, of: ana)
            #expect(quota.hasRoom(ana), "what was deleted gives room")
        }
    }

    @Test func countsAreWrittenAndReadAfterARestart() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let before = quota(1000, database)
            before.count(800, of: ana)
            await before.settle()
            await before.settle()
            #expect(try await stored(ana, database) == 800, "each change once")
            before.count(300, of: ana)
            #expect(!before.hasRoom(ana))
            await before.settle()
            let after = quota(1000, database)
            #expect(after.hasRoom(ana), "it is not read yet")
            await after.settle()
            #expect(!after.hasRoom(ana))
            after.count(-5000, of: ana)
            await after.settle()
            #expect(try await stored(ana, database) == 0, "never less than nothing")
        }
    }

    @Test func withoutAQuotaNothingIsCounted() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let quota = quota(0, database)
            quota.count(1 << 40, of: ana)
            #expect(quota.hasRoom(ana))
            await quota.settle()
            #expect(try await stored(ana, database) == nil)
        }
    }
}
