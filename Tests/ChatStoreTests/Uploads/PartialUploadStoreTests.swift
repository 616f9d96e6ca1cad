import ChatModel
import ChatTesting
import Foundation
import PostgresClient
import Testing

@testable import ChatStore

@Suite struct PartialUploadStoreTests {
    @Test func onlyTheOwnerSeesAnUnfinishedUpload() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let store = database.stores.partialUploads
            let id = UploadID.make()
            let expires = try #require(
                try await store.insert(
                    id, owner: ana, .init(name: "film", metadata: "name ZmlsbQ==", length: 10)))
            #expect(expires > Date())
            let found = try #require(try await store.find(id, owner: ana))
            #expect(found.length == 10 && found.metadata == "name ZmlsbQ==" && !found.isExpired)
            #expect(try await store.find(id, owner: bo) == nil)
            #expect(try await store.live() == [id.uuid])
            #expect(try await store.delete(id))
            #expect(try await !store.delete(id))
        }
    }

    @Test func bytesCountOnlyOnceTheirChecksumMatched() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let store = database.stores.partialUploads
            let id = UploadID.make()
            _ = try await store.insert(id, owner: ana, .init(name: "film", metadata: nil, length: 10))
            try await store.distrust(id, from: 4)
            #expect(try await store.find(id, owner: ana)?.verified == 4)
            #expect(try await store.renew(id) != nil)
            #expect(try await store.find(id, owner: ana)?.verified == nil)
            #expect(try await store.renew(.make()) == nil)
        }
    }

    @Test func unfinishedUploadsAreLimitedAndExpiredOnesDoNotCount() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let store = database.stores.partialUploads
            func insert(_ owner: UserID) async throws -> Bool {
                try await store.insert(.make(), owner: owner, .init(name: "x", metadata: nil, length: 1)) != nil
            }
            for _ in 0..<PartialUploadStore.maxEach { #expect(try await insert(ana)) }
            #expect(try await !insert(ana))
            #expect(try await insert(bo))
            _ = try await database.client.query(
                "UPDATE partial_uploads SET expires_at = now() WHERE owner_id = \(ana.uuid)")
            #expect(try await insert(ana))
            #expect(try await store.live().count == 2)
        }
    }

    @Test func expiredUploadsAreRememberedForAMonth() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let store = database.stores.partialUploads
            let (lately, long) = (UploadID.make(), UploadID.make())
            for (id, age) in [(lately, "1 day"), (long, "31 days")] {
                _ = try await store.insert(id, owner: ana, .init(name: "x", metadata: nil, length: 1))
                _ = try await database.client.query(
                    "UPDATE partial_uploads SET expires_at = now() - \(age)::text::interval WHERE id = \(id.uuid)")
            }
            try await store.forgetExpired()
            #expect(try await store.find(lately, owner: ana)?.isExpired == true)
            #expect(try await store.find(long, owner: ana) == nil)
        }
    }

    @Test func aDeferredLengthIsSetOnceAndWithinItsBound() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let store = database.stores.partialUploads
            let id = UploadID.make()
            _ = try await store.insert(
                id, owner: ana, .init(name: "x", metadata: nil, length: 10, isDeferred: true))
            #expect(try await database.stores.uploads.usage(of: ana) == 10)
            #expect(try await !store.setLength(11, of: id))
            #expect(try await store.find(id, owner: ana)?.isDeferred == true)
            #expect(try await store.setLength(7, of: id))
            #expect(try await !store.setLength(6, of: id))
            let found = try #require(try await store.find(id, owner: ana))
            #expect(found.length == 7 && !found.isDeferred)
            #expect(try await database.stores.uploads.usage(of: ana) == 7)
        }
    }

    @Test func anUploadTakesThePlaceOfItsParts() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let store = database.stores.partialUploads
            func insert(_ owner: UserID, concat: String? = "partial", isDeferred: Bool = false) async throws -> UploadID
            {
                let id = UploadID.make()
                _ = try await store.insert(
                    id, owner: owner,
                    .init(name: "x", metadata: nil, length: 5, isDeferred: isDeferred, concat: concat))
                return id
            }
            func concatenate(_ parts: [UploadID]) async throws -> UploadID? {
                let id = UploadID.make()
                let whole = PartialUploadStore.Beginning(name: "all", metadata: "a", length: 10, concat: "final;\(id)")
                return try await store.concatenate(parts, to: id, owner: ana, whole) == nil ? nil : id
            }
            let parts = [try await insert(ana), try await insert(ana)]
            let unusable = [
                try await insert(bo), try await insert(ana, concat: nil), try await insert(ana, isDeferred: true),
                .make(),
            ]
            for other in unusable { #expect(try await concatenate([parts[0], other]) == nil) }
            #expect(try await store.find(parts[0], owner: ana)?.isPart == true, "a refused one takes nothing")

            let whole = try #require(try await concatenate(parts.reversed()))
            let found = try #require(try await store.find(whole, owner: ana))
            #expect(found.parts == parts.reversed() && found.isConcatenated && found.length == 10)
            #expect(try await store.find(parts[0], owner: ana) == nil)
            #expect(try await store.live().isSuperset(of: (parts + [whole]).map(\.uuid)), "their files are needed")
            #expect(try await store.find(concatenatedBy: "final;\(whole)", owner: ana) == whole)
            #expect(try await store.find(concatenatedBy: "final;\(whole)", owner: bo) == nil)
            try await store.forgetParts(of: whole)
            #expect(try await store.find(whole, owner: ana)?.parts == nil)
            #expect(try await store.live().isDisjoint(with: parts.map(\.uuid)))
            #expect(try await concatenate(parts) == nil)
        }
    }
}
