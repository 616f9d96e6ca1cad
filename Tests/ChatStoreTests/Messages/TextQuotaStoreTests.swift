import ChatModel
import ChatTesting
import Testing

@testable import ChatStore

@Suite struct TextQuotaStoreTests {
    @Test func changesAddUpAndNeverFallBelowZero() async throws {
        try await TestDatabase.run { database in
            let (ana, bo) = (try await database.person(), try await database.person())
            let store = database.stores.textQuota
            #expect(try await store.add([ana: 100, bo: 5]) == [ana: 100, bo: 5])
            #expect(try await store.add([ana: 20, bo: -10]) == [ana: 120, bo: 0])
            #expect(try await store.add([.make(): 7]) == [:], "nobody has this id")
        }
    }
}
