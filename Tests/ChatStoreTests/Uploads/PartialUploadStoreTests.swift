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

    /// A store in which unfinished uploads live for a day.
    private func lasting(_ database: TestDatabase) -> PartialUploadStore {
        PartialUploadStore(database: database.client, changes: database.stores.changes, lifetime: 24 * 3600)
    }

    /// Acts as if nothing had come for an upload for so many minutes.
    private func age(_ id: UploadID, minutes: Int, _ database: TestDatabase) async throws {
        _ = try await database.client.query(
            """
            UPDATE partial_uploads SET expires_at = expires_at - make_interval(mins => \(minutes)::int8::int)
            WHERE id = \(id.uuid)
            """)
    }

    @Test func idleOnesGiveWayToAnotherTheLongestWaitingFirst() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let store = lasting(database)
            func insert() async throws -> UploadID? {
                let id = UploadID.make()
                return try await store.insert(id, owner: ana, .init(name: "x", metadata: nil, length: 1)) == nil
                    ? nil : id
            }
            var ids: [UploadID] = []
            for _ in 0..<PartialUploadStore.maxEach { ids.append(try #require(try await insert())) }
            try await age(ids[5], minutes: 50, database)
            #expect(try await insert() == nil, "an hour has not passed")
            try await age(ids[5], minutes: 20, database)
            try await age(ids[9], minutes: 90, database)
            #expect(try await insert() != nil)
            #expect(try await store.find(ids[9], owner: ana)?.isExpired == true)
            #expect(try await store.find(ids[5], owner: ana)?.isExpired == false)
            // A long piece is on its way.
            try await store.touch(ids[5])
            #expect(try await insert() == nil)
            try await store.touch(ids[9])
            #expect(try await store.find(ids[9], owner: ana)?.isExpired == true, "what has ended stays so")
        }
    }

    @Test func idleOnesGiveWayWhereTheQuotaIsNeeded() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let store = lasting(database)
            var ids: [UploadID] = []
            for (owner, minutes) in [(ana, 0), (ana, 70), (ana, 90), (ana, 80), (bo, 200)] {
                let id = UploadID.make()
                _ = try await store.insert(id, owner: owner, .init(name: "x", metadata: nil, length: 100))
                try await age(id, minutes: minutes, database)
                ids.append(id)
            }
            #expect(try await store.giveWay(ana, wanted: 301, needed: 301) == 0, "not enough, so none ends")
            #expect(try await store.giveWay(ana, wanted: 101, needed: 1) == 200)
            let live = try await store.live()
            #expect(live == Set([ids[0], ids[1], ids[4]].map(\.uuid)))
            #expect(try await store.giveWay(ana, wanted: 1000, needed: 1) == 100)
            #expect(try await store.giveWay(ana, wanted: 1000, needed: 1) == 0)
            #expect(try await store.live() == Set([ids[0], ids[4]].map(\.uuid)))
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
