import ChatModel
import ChatTesting
import PostgresClient
import Synchronization
import Testing

@testable import ChatStore

@Suite struct UploadStoreTests {
    private func isVisible(_ upload: Upload, to user: UserID, _ database: TestDatabase) async throws -> Bool {
        try await database.stores.uploads.find(upload.id, viewer: user)?.visible ?? false
    }

    // MARK: Its facts

    private func blob(_ digit: String, width: Int?, charset: String? = nil) -> Blob {
        let sha256 = String(repeating: digit, count: 64)
        return Blob(
            sha256: sha256, size: 10, type: "video/mp2t", kind: .video, servedSize: 10, servedSHA256: sha256,
            ownerOnly: false, width: width, height: width, duration: 1, blurhash: "x",
            thumbnails: [.init(size: "small", width: 1, height: 1)], isCleaned: false, charset: charset)
    }

    /// A film whose picture has no size came as far as this, and was processed with each request for it.
    @Test func whatTheDatabaseRefusesIsStoredUnmeasured() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            for refused in [blob("a", width: 0), blob("b", width: .max), blob("c", width: 1, charset: "no such")] {
                do {
                    _ = try await database.stores.uploads.insert(.make(), owner: ana, name: "film.ts", blob: refused)
                    Issue.record("a size of nothing, or of too much, is no fact")
                } catch {
                    #expect(DatabaseFailure.isStatementRefused(error))
                }
                let upload = try await database.stores.uploads.insert(
                    .make(), owner: ana, name: "film.ts", blob: refused.unmeasured)
                #expect(upload.kind == .file && upload.width == nil && upload.duration == nil)
                #expect(upload.thumbnails.isEmpty && upload.isCleaned == false && !upload.isOwnerOnly)
            }
        }
    }

    @Test func factsAreReadAsTheyWereWritten() async throws {
        try await TestDatabase.run { database in
            let ana = try await database.person()
            let written = try await database.stores.uploads.insert(
                .make(), owner: ana, name: "film.ts", blob: blob("a", width: 3, charset: "iso-8859-1"))
            let found = try #require(try await database.stores.uploads.find(written.id, viewer: ana))
            #expect(found.upload == written && found.charset == "iso-8859-1" && written.isCleaned == false)
            let plain = try await database.upload(ana, ownerOnly: true)
            #expect(plain.isOwnerOnly && plain.isCleaned == nil)
        }
    }

    // MARK: Who sees it

    @Test func onlyTheOwnerSeesAnUploadUntilItIsSent() async throws {
        try await TestDatabase.run { database in
            let (ana, bo, cleo) = (
                try await database.person(), try await database.person(), try await database.person()
            )
            let upload = try await database.upload(ana)
            let group = try await database.group(ana, bo)
            #expect(try await isVisible(upload, to: ana, database))
            #expect(try await !isVisible(upload, to: bo, database))
            let message = try await database.message(from: ana, to: group, attachments: [upload.id])
            #expect(try await isVisible(upload, to: bo, database))
            #expect(try await !isVisible(upload, to: cleo, database))
            _ = try await database.stores.conversations.change(group) { try await $0.leave(bo) }
            #expect(try await !isVisible(upload, to: bo, database), "only members")
            try await database.deleteMessage(message.id, by: ana)
            let found = try await database.stores.uploads.find(upload.id, viewer: ana)
            #expect(found?.gone == true)
        }
    }

    @Test func anAvatarIsVisibleToEverybodySignedIn() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let upload = try await database.upload(ana)
            var change = UserStore.ProfileChange()
            change.avatar = .set(upload.id)
            try await database.stores.users.update(ana, change)
            #expect(try await isVisible(upload, to: bo, database))
            change.avatar = .set(nil)
            try await database.stores.users.update(ana, change)
            #expect(try await !isVisible(upload, to: bo, database))
        }
    }

    @Test func urlBelongsToTheConversationThatShowsTheFile() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let upload = try await database.upload(ana)
            let group = try await database.group(ana, bo)
            try await database.message(from: ana, to: group, attachments: [upload.id])
            let own = try #require(try await database.stores.uploads.find(upload.id, viewer: ana))
            let shown = try #require(try await database.stores.uploads.find(upload.id, viewer: bo))
            #expect(own.epochs == nil, "the owner's is for themselves")
            #expect(shown.epochs != nil)
            #expect(own.upload.url != shown.upload.url)
        }
    }

    @Test func ownerOnlyUploadHasNoWorkingURLForOthers() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let upload = try await database.upload(ana, ownerOnly: true)
            try await database.message(from: ana, to: try await database.group(ana, bo), attachments: [upload.id])
            #expect(upload.url.contains("token="))
            #expect(
                try await database.stores.uploads.find(upload.id, viewer: bo)?.upload.url.contains("token=") == false)
        }
    }

    @Test func removedContentIsGoneForThoseWhoSawIt() async throws {
        try await TestDatabase.run { database in
            let (ana, bo, cleo) = (
                try await database.person(), try await database.person(), try await database.person()
            )
            let upload = try await database.upload(ana)
            try await database.message(from: ana, to: try await database.group(ana, bo), attachments: [upload.id])
            _ = try await database.client.query("UPDATE uploads SET removed_at = now() WHERE id = \(upload.id.uuid)")
            let store = database.stores.uploads
            #expect(try await store.contentOfRemoved(upload.id) == upload.sha256)
            #expect(try await store.deleteUnreferenced(upload.sha256))
            #expect(try await refusal { _ = try await store.find(upload.id, viewer: bo) } == .gone)
            #expect(
                try await store.find(upload.id, viewer: cleo) == nil, "others do not learn that there was something")
            #expect(try await store.find([upload.id]).isEmpty)
        }
    }

    // MARK: Contents

    @Test func theSameBytesAreStoredOnceAndDeletedWithTheLastReference() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let store = database.stores.uploads
            let first = try await database.upload(ana)
            #expect(try await store.storedFiles(of: first.sha256, for: ana)?.isOwn == true)
            #expect(try await store.storedFiles(of: first.sha256, for: bo)?.isOwn == false)
            let second = try #require(
                try await store.insert(.make(), owner: bo, name: "again", contentOf: first.sha256))
            #expect(second.sha256 == first.sha256)
            #expect(try await store.insert(.make(), owner: bo, name: "x", contentOf: "0") == nil)
            guard case .deleted(wasLast: false) = try await store.delete(first.id, owner: ana),
                case .deleted(wasLast: true) = try await store.delete(second.id, owner: bo)
            else {
                Issue.record("the last reference is not told")
                return
            }
            #expect(try await store.storedFiles(of: first.sha256, for: ana) == nil)
        }
    }

    /// How a server deletes the last reference of a content.
    enum Removal: CaseIterable { case delete, deleteUnreferenced, retire, deleteAllUnreferenced }

    /// Prepares an upload of `owner` so that the removal finds it to be the last reference.
    private func prepare(_ removal: Removal, of upload: Upload, _ owner: UserID, _ database: TestDatabase) async throws
    {
        switch removal {
        case .delete: break
        case .deleteUnreferenced, .deleteAllUnreferenced:
            _ = try await database.client.query("UPDATE uploads SET removed_at = now() WHERE id = \(upload.id.uuid)")
        case .retire:
            let message = try await database.message(
                from: owner, to: try await database.group(owner), attachments: [upload.id])
            try await database.deleteMessage(message.id, by: owner)
            _ = try await database.client.query("UPDATE messages SET deleted_at = now() - interval '1 day'")
        }
    }

    /// - Returns: Whether it deleted the content.
    private func remove(
        _ removal: Removal, _ upload: Upload, _ owner: UserID, _ server: TestDatabase
    ) async throws -> Bool {
        switch removal {
        case .delete:
            if case .deleted(wasLast: true) = try await server.stores.uploads.delete(upload.id, owner: owner) {
                return true
            }
            return false
        case .deleteUnreferenced: return try await server.stores.uploads.deleteUnreferenced(upload.sha256)
        case .retire:
            return try await server.stores.orphans.retire(.init(id: upload.id, owner: owner, sha256: upload.sha256))
        case .deleteAllUnreferenced: return try await !server.stores.orphans.deleteUnreferenced().isEmpty
        }
    }

    /// One server has found the content and is about to refer to it, when another deletes its last reference.
    @Test(arguments: Removal.allCases)
    func contentStaysForWhoeverRefersToItMeanwhile(_ removal: Removal) async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let upload = try await database.upload(ana)
            try await prepare(removal, of: upload, ana, database)
            try await database.onAnotherServer { adder in
                try await database.onAnotherServer { deleter in
                    // The new upload's owner is locked, so that the statement stops between reading and writing.
                    let (added, wasDeleted) = try await database.client.withTransaction { transaction in
                        _ = try await transaction.query("SELECT 1 FROM users WHERE id = \(bo.uuid) FOR UPDATE")
                        let adding = Task {
                            try await adder.stores.uploads.insert(
                                .make(), owner: bo, name: "again", contentOf: upload.sha256)
                        }
                        try await database.waitForLocks(1)
                        let isOver = Mutex(false)
                        let deleting = Task {
                            defer { isOver.withLock { $0 = true } }
                            return try await remove(removal, upload, ana, deleter)
                        }
                        try await database.waitForLocks(2) { isOver.withLock { $0 } }
                        _ = try await transaction.query("SELECT 1")
                        return (adding, deleting)
                    }
                    #expect(try await added.value != nil)
                    #expect(try await !wasDeleted.value)
                }
            }
            #expect(try await database.stores.uploads.storedFiles(of: upload.sha256, for: bo) != nil)
        }
    }

    /// One server has deleted the last reference, but not committed, when another refers to the content.
    @Test func contentThatIsBeingDeletedIsNotReferredTo() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let upload = try await database.upload(ana)
            try await database.onAnotherServer { adder in
                let adding = try await database.client.withTransaction { transaction in
                    _ = try await transaction.query("DELETE FROM uploads WHERE id = \(upload.id.uuid)")
                    _ = try await transaction.query("DELETE FROM blobs WHERE sha256 = \(upload.sha256)")
                    let isOver = Mutex(false)
                    let adding = Task {
                        defer { isOver.withLock { $0 = true } }
                        return try await adder.stores.uploads.insert(
                            .make(), owner: bo, name: "x", contentOf: upload.sha256)
                    }
                    try await database.waitForLocks(1) { isOver.withLock { $0 } }
                    return adding
                }
                #expect(try await adding.value == nil, "the bytes have to be stored anew")
            }
        }
    }

    @Test func onlyTheOwnerDeletesAndOnlyUnusedUploads() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let store = database.stores.uploads
            let upload = try await database.upload(ana)
            guard case .notFound = try await store.delete(upload.id, owner: bo) else {
                Issue.record("somebody else deleted it")
                return
            }
            let message = try await database.message(
                from: ana, to: try await database.group(ana), attachments: [upload.id])
            guard case .attached = try await store.delete(upload.id, owner: ana) else {
                Issue.record("a message carries it")
                return
            }
            try await database.deleteMessage(message.id, by: ana)
            guard case .attached = try await store.delete(upload.id, owner: ana) else {
                Issue.record("a deleted message carries it, until the sweep")
                return
            }
            let avatar = try await database.upload(ana)
            var change = UserStore.ProfileChange()
            change.avatar = .set(avatar.id)
            try await database.stores.users.update(ana, change)
            guard case .attached = try await store.delete(avatar.id, owner: ana) else {
                Issue.record("it is a picture of somebody")
                return
            }
        }
    }

    @Test func quotaCountsUploadsAndUnfinishedOnes() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let store = database.stores.uploads
            let first = try await database.upload(ana, size: 100)
            _ = try await database.upload(ana, size: 100, sha256: first.sha256)
            _ = try await database.upload(bo, size: 7)
            _ = try await database.stores.partialUploads.insert(
                .make(), owner: ana, .init(name: "x", metadata: nil, length: 1000))
            #expect(try await store.usage(of: ana) == 1200)
            _ = try await database.client.query("UPDATE partial_uploads SET expires_at = now()")
            _ = try await database.client.query("UPDATE uploads SET removed_at = now() WHERE id = \(first.id.uuid)")
            #expect(try await store.usage(of: ana) == 100)
        }
    }
}
