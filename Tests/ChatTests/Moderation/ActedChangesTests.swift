import ChatStore
import Testing

@testable import Chat

@Suite struct ActedChangesTests {
    private func change(_ id: Int, by transaction: Int) -> ModerationStore.Change {
        .init(id: id, transaction: transaction, kind: .words, subject: nil)
    }

    /// Reads a round of pages, each as large as told.
    private func round(
        _ acted: inout ActedChanges, _ table: [ModerationStore.Change], oldest: Int, limit: Int = 100
    ) -> [Int] {
        var new: [Int] = []
        while true {
            let next = acted.next
            let rows = table.filter { ($0.transaction, $0.id) > (next.transaction, next.id) }
                .sorted { ($0.transaction, $0.id) < ($1.transaction, $1.id) }
            let page = ModerationStore.Page(changes: Array(rows.prefix(limit)), oldestTransaction: oldest)
            guard let found = acted.new(in: page) else { continue }
            new += found.map(\.id)
            if !acted.finish(page) { return new }
        }
    }

    @Test(arguments: [1, 2, 100]) func whatCommitsLateIsSeenAndNothingTwice(limit: Int) {
        var acted = ActedChanges()
        // Transaction 10 took the ids 1 and 4, and is still under way.
        var table = [change(2, by: 11), change(3, by: 12)]
        var new = round(&acted, table, oldest: 10, limit: limit)
        #expect(new == [2, 3])
        #expect(acted.horizon == 10)
        new = round(&acted, table, oldest: 10, limit: limit)
        #expect(new == [])
        table += [change(1, by: 10), change(4, by: 10), change(5, by: 13)]
        new = round(&acted, table, oldest: 14, limit: limit)
        #expect(new == [1, 4, 5])
        #expect(acted.horizon == 14)
        new = round(&acted, table, oldest: 14, limit: limit)
        #expect(new == [])
        table.append(change(6, by: 14))
        new = round(&acted, table, oldest: 15, limit: limit)
        #expect(new == [6])
    }

    @Test func aPageOnWhichNobodyCouldActComesAgain() {
        var acted = ActedChanges()
        let page = ModerationStore.Page(changes: [change(1, by: 5)], oldestTransaction: 6)
        var new = acted.new(in: page)
        #expect(new?.count == 1)
        // It failed: there was no `finish`.
        new = acted.new(in: page)
        #expect(acted.next == (0, 0) && new?.count == 1)
    }

    @Test func aDatabaseThatWentBackIsReadAnew() {
        var acted = ActedChanges()
        var new = round(&acted, [change(1, by: 90)], oldest: 100)
        #expect(new == [1])
        new = round(&acted, [change(1, by: 20), change(2, by: 30)], oldest: 40)
        #expect(new == [1, 2])
        #expect(acted.horizon == 40)
    }

    @Test func aChangeFromTheBackupOfAnotherClusterIsSeenOnce() {
        var acted = ActedChanges()
        let table = [change(1, by: 1_000_000)]
        var new = round(&acted, table, oldest: 100)
        #expect(new == [1])
        new = round(&acted, table, oldest: 101)
        #expect(new == [])
    }
}
