import ChatModel
import ChatTesting
import PostgresClient
import Testing

@testable import ChatStore

@Suite struct BlockStoreTests {
    @Test func blockingTwiceChangesNothing() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let blocks = database.stores.blocks
            #expect(try await blocks.insert(bo, by: ana) == .changed)
            #expect(try await blocks.insert(bo, by: ana) == .unchanged)
            #expect(try await blocks.insert(.make(), by: ana) == .noSuchUser)
            #expect(try await blocks.list(of: ana) == [bo])
            #expect(try await blocks.list(of: bo) == [])
            #expect(try await blocks.delete(bo, by: ana))
            #expect(try await !blocks.delete(bo, by: ana))
            #expect(try await blocks.list(of: ana) == [])
        }
    }

    @Test func numberOfBlocksIsLimited() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            _ = try await database.client.query(
                """
                WITH many AS (
                    INSERT INTO users (id, username, display_name)
                    SELECT gen_random_uuid(), 'many' || n, 'many' FROM generate_series(1, \(BlockStore.maximum)) n
                    RETURNING id)
                INSERT INTO blocks (blocker_id, blocked_id) SELECT \(ana.uuid), id FROM many
                """)
            let blocks = database.stores.blocks
            #expect(try await blocks.insert(bo, by: ana) == .tooMany)
            #expect(try await blocks.delete(try #require(try await blocks.list(of: ana).last), by: ana))
            #expect(try await blocks.insert(bo, by: ana) == .changed)
        }
    }

    @Test func aBlockKeepsBothApart() async throws {
        try await TestDatabase.run { database in
            let (ana, bo, cleo) = (
                try await database.person(), try await database.person(), try await database.person()
            )
            let blocks = database.stores.blocks
            _ = try await blocks.insert(bo, by: ana)
            _ = try await blocks.insert(ana, by: cleo)
            #expect(try await blocks.apart(from: [ana, bo]) == [ana: [bo, cleo], bo: [ana]])
            #expect(try await blocks.anyBlocks(of: [ana, cleo], against: bo))
            #expect(try await !blocks.anyBlocks(of: [bo], against: ana), "in its own direction")
        }
    }
}
