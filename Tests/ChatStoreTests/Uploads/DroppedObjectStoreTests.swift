import ChatModel
import ChatTesting
import Foundation
import PostgresClient
import Testing

@testable import ChatStore

/// Which of two keys of one content stays, and that the other one is never forgotten.
@Suite struct DroppedObjectStoreTests {
    private let sha256 = String(repeating: "ab", count: 32)

    private func key() -> String { "ab/ab/\(sha256)/\(UUID().uuidString.lowercased())" }

    private func blob(ownerOnly: Bool = false) -> Blob {
        Blob(
            sha256: sha256, size: 3, type: "text/plain", kind: .file, servedSize: 3, servedSHA256: sha256,
            ownerOnly: ownerOnly, thumbnails: [])
    }

    private func insert(
        _ database: TestDatabase, _ owner: UserID, at key: String, ownerOnly: Bool = false,
        replacing damaged: UploadStore.StoredFiles? = nil
    ) async throws -> UploadID {
        let id = UploadID.make()
        try await database.stores.droppedObjects.announce([key])
        return try await database.stores.uploads.insert(
            id, owner: owner, name: "a", blob: blob(ownerOnly: ownerOnly), at: key, replacing: damaged
        ).id
    }

    private func stored(_ database: TestDatabase) async throws -> String? {
        try await database.client.query("SELECT object_key FROM blobs").first?["object_key"]
    }

    private func dropped(_ database: TestDatabase) async throws -> Set<String> {
        Set(try await database.stores.droppedObjects.list(prefix: ""))
    }

    @Test func whatAnotherServerHasDeletedDoesNotRemain() async throws {
        try await TestDatabase.run { database in
            let (first, second) = (key(), key())
            try await database.stores.droppedObjects.announce([first])
            #expect(try await database.stores.droppedObjects.remaining([first, second]) == [first])
        }
    }

    @Test func theFirstKeyStaysAndTheLaterOneGoes() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let (first, second) = (key(), key())
            let id = try await insert(database, ana, at: first)
            _ = try await insert(database, bo, at: second)
            #expect(try await stored(database) == first)
            #expect(try await dropped(database) == [second])
            #expect(try await database.stores.uploads.find(id, viewer: ana)?.objectKey == first)
        }
    }

    @Test func ofManyServersAtOnceOneKeyStays() async throws {
        try await TestDatabase.run { database in
            let keys = (0..<8).map { _ in key() }
            let ana = try await database.person()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for key in keys { group.addTask { _ = try await insert(database, ana, at: key) } }
                try await group.waitForAll()
            }
            let kept = try #require(try await stored(database))
            #expect(try await dropped(database) == Set(keys).subtracting([kept]))
        }
    }

    @Test func whatIsDamagedOrHiddenIsReplaced() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let (hidden, open, whole, late) = (key(), key(), key(), key())
            _ = try await insert(database, ana, at: hidden, ownerOnly: true)
            _ = try await insert(database, ana, at: open)
            #expect(try await stored(database) == open)
            let damaged = try #require(try await database.stores.uploads.storedFiles(of: sha256, for: ana))
            _ = try await insert(database, ana, at: whole, replacing: damaged)
            #expect(try await stored(database) == whole)
            // Somebody else has mended it meanwhile.
            _ = try await insert(database, ana, at: late, replacing: damaged)
            #expect(try await stored(database) == whole)
            #expect(try await dropped(database) == [hidden, open, late])
            #expect(
                Set(try await database.stores.droppedObjects.list(limit: 10)) == [open, late],
                "what was whole stays for those who read it")
        }
    }

    @Test func aDeletedContentLeavesItsKey() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let first = key()
            let id = try await insert(database, ana, at: first)
            guard case .deleted(wasLast: true) = try await database.stores.uploads.delete(id, owner: ana) else {
                Issue.record("it was the last one")
                return
            }
            #expect(try await dropped(database) == [first])
            let second = key()
            _ = try await insert(database, ana, at: second)
            try await database.stores.orphans.forget(sha256)
            #expect(try await dropped(database) == [first, second])
        }
    }

    @Test func ofTwoServersThatFinishOneUploadOneDoes() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let id = UploadID.make()
            _ = try await database.stores.partialUploads.insert(
                id, owner: ana, .init(name: "a", metadata: "m", length: 3))
            let keys = (0..<6).map { _ in key() }
            try await database.stores.droppedObjects.announce(keys)
            let done = try await withThrowingTaskGroup(of: String?.self) { group in
                for key in keys {
                    group.addTask {
                        do {
                            _ = try await database.stores.uploads.insert(
                                id, owner: ana, name: "a", blob: blob(), at: key, finishing: true, replacing: nil)
                            return key
                        } catch let error as ChatError where error.code == .uploadOffsetMismatch {
                            try await database.stores.droppedObjects.giveUp([key])
                            return nil
                        }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }.compactMap(\.self)
            }
            #expect(done.count == 1)
            #expect(try await stored(database) == done.first)
            #expect(try await dropped(database) == Set(keys).subtracting(done))
            #expect(try await database.stores.partialUploads.said(ofFinished: id).metadata == "m")
        }
    }

    /// Whoever stores objects may die, or may not learn whether its row was written.
    @Test func anObjectHasARowOrIsToBeDeleted() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let store = database.stores.droppedObjects
            let (abandoned, taken) = (key(), key())
            try await store.announce([abandoned])
            #expect(try await store.list(limit: 10).isEmpty, "its row may still come")
            _ = try await insert(database, ana, at: taken)
            // Its answer got lost, and its server believes that it failed.
            try await store.giveUp([taken, abandoned])
            #expect(try await store.list(limit: 10) == [abandoned])
            #expect(try await stored(database) == taken)
            #expect(try await dropped(database) == [abandoned])
        }
    }

    @Test func whatIsAboutToBeDeletedIsNotTaken() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let (store, late) = (database.stores.droppedObjects, key())
            try await store.announce([late])
            try await store.giveUp([late])
            try await store.postpone([late], by: .infinity)
            #expect(try await store.list(limit: 10).isEmpty)
            await #expect(throws: ChatError.self) {
                try await database.stores.uploads.insert(
                    .make(), owner: ana, name: "a", blob: blob(), at: late, replacing: nil)
            }
            #expect(try await stored(database) == nil)
            #expect(try await dropped(database) == [late])
        }
    }

    @Test func aCopyStaysAsLongAsItsContent() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let (store, content) = (database.stores.droppedObjects, key())
            let id = try await insert(database, ana, at: content)
            try await store.announce([content + ".jpeg"])
            #expect(try await store.keep(copy: content + ".jpeg", of: content))
            #expect(try await dropped(database).isEmpty)
            _ = try await database.stores.uploads.delete(id, owner: ana)
            try await store.announce([content + ".jpeg"])
            #expect(try await !store.keep(copy: content + ".jpeg", of: content))
            #expect(try await dropped(database) == [content, content + ".jpeg"])
        }
    }

    @Test func whatARowOrAKeyNamesIsReferredTo() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let (orphans, content, announced) = (database.stores.orphans, key(), key())
            _ = try await insert(database, ana, at: content)
            try await database.stores.droppedObjects.announce([announced])
            for key in [content, announced] {
                #expect(try await orphans.refers(to: key))
                #expect(try await orphans.refers(to: key + ".small.webp"))
            }
            #expect(try await !orphans.refers(to: key()))
        }
    }
}
