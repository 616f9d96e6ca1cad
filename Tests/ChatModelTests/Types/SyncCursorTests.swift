import Testing

@testable import ChatModel

@Suite struct SyncCursorTests {
    @Test func textIsReadBack() {
        let moment = SyncCursor(cluster: "7713512109303152654", transaction: 856)
        #expect(SyncCursor(moment.text) == moment)
        #expect(!moment.isPartial)
        var partial = moment
        partial.marks = .init(transaction: 12, conversation: .make(), user: .make())
        partial.profiles = .init(transaction: 13, user: .make())
        #expect(SyncCursor(partial.text) == partial)
        #expect(partial.isPartial && partial.text != moment.text)
    }

    @Test func whatNoServerGaveIsTheBeginning() {
        let good = SyncCursor(cluster: "1", transaction: 5).text
        for text in [
            "", "x", "_", "1_x", "1_-5", "1_5_6", "1_99999999999999999999", "\(good)_1_a_b_1_c", "\(good)_",
            "1_5_6_7_8_9_0_1",
        ] {
            #expect(SyncCursor(text) == .beginning, "\(text)")
        }
        #expect(SyncCursor(String(repeating: "1", count: 400) + "_5") == .beginning, "longer than any")
    }

    @Test func momentOfAnotherClusterOrYetToComeIsImpossible() {
        let now = SyncCursor(cluster: "a", transaction: 10)
        #expect(now.isPossible(at: now))
        #expect(SyncCursor(cluster: "a", transaction: 3).isPossible(at: now))
        #expect(!SyncCursor(cluster: "a", transaction: 11).isPossible(at: now))
        #expect(!SyncCursor(cluster: "b", transaction: 3).isPossible(at: now))
        #expect(!SyncCursor.beginning.isPossible(at: now))
    }
}
