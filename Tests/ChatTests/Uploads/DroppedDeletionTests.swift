import ChatStore
import Media
import Testing

@testable import Chat

@Suite struct DroppedDeletionTests {
    private struct Locked: Error {}

    @Test func whatCannotBeDeletedHoldsUpNoOther() async {
        let keys = (0..<10).map { "\($0)" }
        let outcome = await DroppedDeletion.run(keys, width: 3) { if $0 == "0" || $0 == "7" { throw Locked() } }
        #expect(Set(outcome.deleted) == Set(keys).subtracting(["0", "7"]))
        #expect(Set(outcome.failed.map(\.key)) == ["0", "7"] && outcome.stop == nil)
    }

    @Test func whileTheStoreIsAwayNothingIsTried() async {
        let outcome = await DroppedDeletion.run(["a", "b", "c"], width: 1) {
            if $0 == "b" { throw MediaError(.away) }
            if $0 == "c" { Issue.record("it is away") }
        }
        #expect(outcome.deleted == ["a"] && outcome.failed.isEmpty && outcome.stop is MediaError)
    }

    @Test func aKeyThatMayNotDeleteIsToldFromALockedObject() async {
        let refuse: @Sendable (String) async throws -> Void = { if $0 != "good" { throw MediaError(.refused) } }
        #expect(await DroppedDeletion.run(["a", "b", "c"], width: 2, refuse).refusal is MediaError)
        #expect(await DroppedDeletion.run(["a", "b", "good"], width: 2, refuse).refusal == nil)
        #expect(await DroppedDeletion.run(["a"], width: 2, refuse).refusal == nil)
        #expect(await DroppedDeletion.run(["a", "b"], width: 2) { _ in throw Locked() }.refusal == nil)
    }

    /// A key that waits longer than that could be taken again.
    @Test func pausesGrowAndHaveALimit() {
        #expect(DroppedDeletion.pause(after: 1) < DroppedDeletion.pause(after: 2))
        #expect((1...100).allSatisfy { DroppedDeletion.pause(after: $0) <= DroppedObjectStore.maxPause })
    }
}
