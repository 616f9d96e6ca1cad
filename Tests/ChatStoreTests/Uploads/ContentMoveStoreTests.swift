import ChatModel
import ChatTesting
import PostgresClient
import Testing

@testable import ChatStore

@Suite struct ContentMoveStoreTests {
    private func key(_ sha256: String) -> String {
        "\(sha256.prefix(2))/\(sha256.dropFirst(2).prefix(2))/\(sha256)/00000000-0000-0000-0000-000000000000"
    }

    private func content(_ database: TestDatabase, onDisk: Bool = true) async throws -> ContentMoveStore.Content {
        try #require(try await database.stores.contentMoves.list(prefix: "", onDisk: onDisk).first)
    }

    /// An upload on the disk, as it was read.
    private func uploaded(_ database: TestDatabase) async throws -> (ContentMoveStore.Content, key: String) {
        let upload = try await database.upload(try await database.person(), sha256: String(repeating: "ab", count: 32))
        return (try await content(database), key(upload.sha256))
    }

    @Test func aContentGoesThereAndBack() async throws {
        try await TestDatabase.run { database in
            let (store, dropped) = (database.stores.contentMoves, database.stores.droppedObjects)
            let (onDisk, key) = try await uploaded(database)
            #expect(try await !store.moveToStore(onDisk, key: key), "its key was not announced")
            try await dropped.announce([key])
            #expect(try await store.moveToStore(onDisk, key: key))
            #expect(try await dropped.list(prefix: "") == [])
            #expect(try await store.inStore([onDisk.sha256, "x"]) == [onDisk.sha256])
            #expect(try await !database.stores.uploads.isOnDisk(onDisk.sha256))
            #expect(try await !store.moveToStore(onDisk, key: key), "it is not on the disk any more")
            let inStore = try await content(database, onDisk: false)
            #expect(inStore.objectKey == key)
            #expect(try await store.moveToDisk(inStore) {})
            #expect(try await content(database).objectKey == nil)
            #expect(try await database.stores.uploads.isOnDisk(onDisk.sha256))
            #expect(try await !database.stores.uploads.isOnDisk("x"))
            #expect(try await dropped.list(prefix: "") == [key])
            #expect(try await dropped.list(limit: 1).isEmpty, "somebody may be reading it")
            try await dropped.makeAllDue()
            #expect(try await dropped.list(limit: 1) == [key])
        }
    }

    @Test(arguments: [
        "served_sha256 = repeat('0', 64)", "owner_only = true", "served_size = 11",
        "thumbnails = '[{\"size\": \"small\", \"width\": 1, \"height\": 1}]'",
    ])
    func whatWasReplacedMeanwhileIsNotMoved(_ change: String) async throws {
        try await TestDatabase.run { database in
            let store = database.stores.contentMoves
            let (onDisk, key) = try await uploaded(database)
            try await database.stores.droppedObjects.announce([key])
            try await database.client.query("UPDATE blobs SET \(unescaped: change)")
            #expect(try await !store.moveToStore(onDisk, key: key))
            #expect(try await database.stores.droppedObjects.list(prefix: "") == [key])
            let now = try await content(database)
            #expect(try await store.moveToStore(now, key: key))
            let inStore = try await content(database, onDisk: false)
            try await database.client.query("UPDATE blobs SET served_size = 12")
            #expect(try await !store.moveToDisk(inStore) { Issue.record("nothing may be put on the disk") })
        }
    }

    /// A file goes from the disk only while nobody can bring it back.
    @Test func filesAreRemovedWhileTheirContentIsInTheStore() async throws {
        try await TestDatabase.run { database in
            let store = database.stores.contentMoves
            let (onDisk, key) = try await uploaded(database)
            _ = try await store.whileInStore(onDisk.sha256) { Issue.record("it is on the disk") }
            try await database.stores.droppedObjects.announce([key])
            #expect(try await store.moveToStore(onDisk, key: key))
            let inStore = try await content(database, onDisk: false)
            try await database.onAnotherServer { other in
                let back = try await store.whileInStore(onDisk.sha256) {
                    let back = Task { try await other.stores.contentMoves.moveToDisk(inStore) {} }
                    try await database.waitForLocks(1)
                    #expect(try await content(database, onDisk: false).objectKey == key)
                    return back
                }
                #expect(try await back?.value == true)
            }
        }
    }

    @Test func oneAtATimeMoves() async throws {
        try await TestDatabase.run { database in
            let store = database.stores.contentMoves
            let outcome = try await store.alone { check in
                try await check()
                let second = try await database.onAnotherServer { try await $0.stores.contentMoves.alone { _ in true } }
                return second == nil
            }
            #expect(outcome == true)
            #expect(try await store.alone { _ in 1 } == 1)
        }
    }
}
