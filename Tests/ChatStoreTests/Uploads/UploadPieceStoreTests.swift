import ChatModel
import ChatTesting
import Foundation
import PostgresClient
import Testing

@testable import ChatStore

@Suite struct UploadPieceStoreTests {
    private func begin(_ database: TestDatabase, part: Bool = false) async throws -> UploadID {
        let id = UploadID.make()
        let owner = try await database.person()
        let store = PartialUploadStore(
            database: database.client, changes: database.stores.partialUploads.changes, lifetime: 3600)
        _ = try await store.insert(
            id, owner: owner, .init(name: "x", metadata: nil, length: 100, concat: part ? PartialUpload.part : nil))
        return id
    }

    private func piece(_ start: Int, _ length: Int, of id: UploadID) -> UploadPieceStore.Piece {
        .init(
            start: start, length: length,
            key: "tmp/\(id.uuid.uuidString.lowercased())/\(UUID().uuidString.lowercased())")
    }

    /// As a server does it.
    private func add(
        _ pieces: [UploadPieceStore.Piece], to id: UploadID, _ database: TestDatabase
    ) async throws -> Bool {
        try await database.stores.droppedObjects.announce(pieces.map(\.key))
        return try await database.stores.uploadPieces.add(pieces, to: id)
    }

    /// Its server may not have learned that the row was written: the bytes were acknowledged to somebody, or count.
    @Test func aPieceWithARowKeepsItsBytes() async throws {
        try await TestDatabase.run { database in
            let (store, dropped) = (database.stores.uploadPieces, database.stores.droppedObjects)
            let id = try await begin(database)
            let (taken, refused) = (piece(0, 10, of: id), piece(0, 5, of: id))
            #expect(try await add([taken], to: id, database))
            #expect(try await !add([refused], to: id, database))
            try await dropped.giveUp([taken.key, refused.key])
            #expect(try await dropped.list(limit: 10) == [refused.key])
            #expect(try await store.known([taken.key]) == [taken.key])
            #expect(try await store.end(of: id) == 10)
            // Its objects may be gone already.
            let late = piece(10, 1, of: id)
            try await dropped.announce([late.key])
            try await dropped.giveUp([late.key])
            #expect(try await !store.add([late], to: id))
            #expect(try await !store.add([piece(10, 1, of: id), late], to: id))
            #expect(try await store.end(of: id) == 10)
        }
    }

    @Test func theEndOfTheLastPieceIsTheOffset() async throws {
        try await TestDatabase.run { database in
            let store = database.stores.uploadPieces
            let id = try await begin(database)
            #expect(try await store.end(of: id) == 0)
            let pieces = [piece(0, 10, of: id), piece(10, 5, of: id)]
            #expect(try await add(pieces, to: id, database))
            #expect(try await store.end(of: id) == 15)
            #expect(try await store.list([id, .make()]) == [pieces, []])
        }
    }

    @Test func ofTwoWritersAtOnePlaceOneIsTaken() async throws {
        try await TestDatabase.run { database in
            let store = database.stores.uploadPieces
            let id = try await begin(database)
            let taken = try await withThrowingTaskGroup(of: Bool.self) { group in
                for length in 1...8 {
                    let mine = piece(0, length, of: id)
                    group.addTask { try await add([mine], to: id, database) }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(taken == 1)
            let end = try await store.end(of: id)
            #expect(try await !add([piece(end + 1, 1, of: id)], to: id, database), "a hole")
            #expect(try await !add([piece(0, 1, of: id), piece(1, 1, of: id)], to: id, database))
            #expect(try await store.list([id])[0].count == 1, "none of a refused sequence stays")
        }
    }

    @Test func anUploadThatHasEndedTakesNothing() async throws {
        try await TestDatabase.run { database in
            #expect(try await !add([piece(0, 1, of: .make())], to: .make(), database))
            let id = try await begin(database)
            try await database.client.query("UPDATE partial_uploads SET expires_at = now()")
            #expect(try await !add([piece(0, 1, of: id)], to: id, database))
        }
    }

    @Test func whatNobodyNeedsIsLeftToBeDeleted() async throws {
        try await TestDatabase.run { database in
            let store = database.stores.uploadPieces
            let (part, other, lost) = (
                try await begin(database, part: true), try await begin(database), UploadID.make()
            )
            let (kept, dropped) = (piece(0, 1, of: part), piece(0, 1, of: other))
            #expect(try await add([kept], to: part, database))
            #expect(try await add([dropped], to: other, database))
            // The part's own row has become one upload with others.
            try await database.client.query(
                "UPDATE partial_uploads SET id = \(lost), parts = ARRAY[\(part)] WHERE id = \(part)")
            try await store.dropEnded()
            #expect(try await database.stores.droppedObjects.list(limit: 10).isEmpty)
            try await store.drop([other])
            #expect(try await database.stores.droppedObjects.list(limit: 10) == [dropped.key])
            #expect(try await store.known([kept.key, dropped.key, "tmp/x"]) == [kept.key, dropped.key])
            try await database.client.query("UPDATE partial_uploads SET expires_at = now()")
            try await store.dropEnded()
            #expect(Set(try await database.stores.droppedObjects.list(limit: 10)) == [kept.key, dropped.key])
            try await database.stores.droppedObjects.forget([kept.key, dropped.key])
            #expect(try await database.stores.droppedObjects.list(limit: 10).isEmpty)
        }
    }
}
