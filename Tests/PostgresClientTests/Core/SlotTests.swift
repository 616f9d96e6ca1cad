import Testing

@testable import PostgresClient

@Suite struct SlotTests {
    private let now = ContinuousClock.now

    @Test func aNewSlotIsDownFromTheStart() {
        let slot = Slot(id: 1, role: .shared, now: now)
        #expect(slot.connection == nil && slot.ready == nil)
        #expect(!slot.isDown(for: .seconds(1), now: now + .milliseconds(999)))
        #expect(slot.isDown(for: .seconds(1), now: now + .seconds(1)))
    }

    @Test func aSlotWithAConnectionIsNeverDown() {
        let slot = Slot(id: 1, role: .shared, now: now)
        slot.downSince = nil
        #expect(!slot.isDown(for: .zero, now: now + .seconds(1000)))
        slot.downSince = now + .seconds(1000)
        #expect(slot.isDown(for: .zero, now: now + .seconds(1000)))
    }
}
