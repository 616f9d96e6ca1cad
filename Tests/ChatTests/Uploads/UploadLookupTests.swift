import ChatModel
import ChatStore
import Foundation
import Synchronization
import Testing

@testable import Chat

@Suite struct UploadLookupTests {
    /// Notes how often it is asked. Its clock stands still until it is told otherwise.
    private final class Database: Sendable {
        struct State {
            var asked = 0
            var now = ContinuousClock.now
            var gone = false
            var missing = false
            /// Runs once, after the database has answered and before the answer is there.
            var meanwhile: (@Sendable () -> Void)?
        }

        let state = Mutex(State())

        var asked: Int { state.withLock { $0.asked } }

        var lookup: UploadLookup {
            UploadLookup(now: { self.state.withLock { $0.now } }, find: { self.find($0) })
        }

        private func find(_ ids: Set<UploadLookup.Key>) -> [UploadLookup.Key: UploadLookup.Answer] {
            let (before, meanwhile) = state.withLock { state in
                state.asked += 1
                defer { state.meanwhile = nil }
                return (state, state.meanwhile)
            }
            meanwhile?()
            if before.missing { return [:] }
            return Dictionary(uniqueKeysWithValues: ids.map { ($0, .success(found($0.upload, gone: before.gone))) })
        }
    }

    private static func found(_ id: UploadID, gone: Bool) -> UploadStore.Found {
        let upload = Upload(
            id: id, ownerId: .make(), name: "a", type: "text/plain", size: 1, sha256: "", kind: .file, url: "",
            thumbnails: [], createdAt: Date())
        return UploadStore.Found(
            upload: upload, gone: gone, ownerOnly: false, visible: false, servedSHA256: "", servedSize: 1)
    }

    private func open(_ id: UploadID, with lookup: UploadLookup, times: Int) async throws {
        for _ in 0..<times { #expect(try await lookup(.init(upload: id)).upload.id == id) }
    }

    @Test func whatIsOpenedNowAndThenIsAskedForEachTime() async throws {
        let database = Database()
        let lookup = database.lookup
        let id = UploadID.make()
        for round in 1...3 {
            try await open(id, with: lookup, times: UploadLookup.asked)
            #expect(database.asked == round * UploadLookup.asked)
            database.state.withLock { $0.now += UploadLookup.period }
        }
    }

    @Test func whatManyOpenIsAskedForNoMoreInThePeriod() async throws {
        let database = Database()
        let lookup = database.lookup
        let id = UploadID.make()
        try await open(id, with: lookup, times: 1000)
        #expect(database.asked == UploadLookup.asked)
        try await open(.make(), with: lookup, times: 1)
        #expect(database.asked == UploadLookup.asked + 1, "another one is asked for")
        database.state.withLock { $0.now += UploadLookup.period }
        try await open(id, with: lookup, times: 1)
        #expect(database.asked == UploadLookup.asked + 2)
    }

    @Test func whatWasDeletedIsForgottenAtOnce() async throws {
        let database = Database()
        let lookup = database.lookup
        let id = UploadID.make()
        try await open(id, with: lookup, times: 100)
        database.state.withLock { $0.gone = true }
        try await open(id, with: lookup, times: 1)
        lookup.forget()
        for _ in 0..<100 {
            await #expect { try await lookup(.init(upload: id)) } throws: { ($0 as? ChatError)?.code == .gone }
        }
        #expect(database.asked == UploadLookup.asked + 100, "that something is gone is not kept")
    }

    @Test func anAnswerFromBeforeADeletionIsNotKept() async throws {
        let database = Database()
        let lookup = database.lookup
        let id = UploadID.make()
        try await open(id, with: lookup, times: UploadLookup.asked - 1)
        database.state.withLock { state in
            state.meanwhile = {
                database.state.withLock { $0.gone = true }
                lookup.forget()
            }
        }
        try await open(id, with: lookup, times: 1)
        for _ in 0..<100 {
            await #expect { try await lookup(.init(upload: id)) } throws: { ($0 as? ChatError)?.code == .gone }
        }
    }

    @Test func whatIsNotThereIsNotFound() async throws {
        let database = Database()
        let lookup = database.lookup
        database.state.withLock { $0.missing = true }
        await #expect { try await lookup(.init(upload: .make())) } throws: { ($0 as? ChatError)?.code == .notFound }
    }

    @Test func moreThanCanBeCountedAreCountedAnew() async throws {
        let database = Database()
        let lookup = database.lookup
        let id = UploadID.make()
        try await open(id, with: lookup, times: 100)
        for _ in 0..<UploadLookup.capacity { try await open(.make(), with: lookup, times: 1) }
        let asked = database.asked
        try await open(id, with: lookup, times: 1)
        #expect(database.asked == asked + 1)
    }
}
