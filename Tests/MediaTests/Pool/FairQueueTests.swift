import Testing

@testable import Media

@Suite struct FairQueueTests {
    private typealias Queue = FairQueue<String, String>

    private func queue(places: Int = 2, waiting: Int = 8, waitingEach: Int = 4) -> Queue {
        Queue(.init(places: places, waiting: waiting, waitingEach: waitingEach))
    }

    /// Adds an entry and says whether it waits, and what gave way.
    private func add(_ entry: String, _ user: String, _ queue: inout Queue) -> (waits: Bool, displaced: String?) {
        switch queue.add(entry, of: user) {
        case .waits(_, let displaced): (true, displaced)
        case .refused: (false, nil)
        }
    }

    @Test func everybodyComesInTurn() {
        var queue = queue(places: 1)
        for n in 1...4 { #expect(add("a\(n)", "a", &queue).waits) }
        for n in 1...2 { #expect(add("b\(n)", "b", &queue).waits) }
        #expect(add("c1", "c", &queue).waits)
        var order: [String] = []
        while let next = queue.next() {
            order.append(next.entry)
            #expect(queue.next() == nil, "there is one place")
            queue.finish(next.user)
        }
        #expect(order == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"])
        #expect(queue.waitingCount == 0)
    }

    @Test func oneUserNeverHoldsAllPlaces() throws {
        var queue = queue(places: 3)
        for n in 1...4 { #expect(add("a\(n)", "a", &queue).waits) }
        #expect(queue.next()?.entry == "a1")
        #expect(queue.next()?.entry == "a2")
        #expect(queue.next() == nil, "the third place is for others")
        #expect(add("b1", "b", &queue).waits)
        #expect(queue.next()?.entry == "b1", "at once, though all that a has is long")
        queue.finish("a")
        #expect(queue.next()?.entry == "a3")
    }

    @Test func withOnePlaceThereIsNoneForOthersAlone() {
        var queue = queue(places: 1)
        #expect(add("a1", "a", &queue).waits)
        #expect(queue.next()?.entry == "a1")
    }

    @Test func whatOneUserHasWaitingIsBounded() {
        var queue = queue()
        #expect(add("a0", "a", &queue).waits)
        #expect(queue.next() != nil)
        for n in 1...4 { #expect(add("a\(n)", "a", &queue).waits) }
        #expect(!add("a5", "a", &queue).waits)
        #expect(add("b1", "b", &queue).waits)
    }

    @Test func aNewcomerTakesTheLastPlaceOfWhoHasMost() {
        var queue = queue(places: 1, waiting: 6, waitingEach: 4)
        #expect(add("x", "x", &queue).waits)
        #expect(queue.next() != nil)
        for n in 1...4 { #expect(add("a\(n)", "a", &queue).waits) }
        for n in 1...2 { #expect(add("b\(n)", "b", &queue).waits) }
        #expect(add("c1", "c", &queue) == (true, "a4"))
        #expect(add("c2", "c", &queue) == (true, "a3"))
        #expect(!add("c3", "c", &queue).waits, "all have as much")
        #expect(add("d1", "d", &queue).displaced != nil, "more than one of each is too many for a newcomer")
        #expect(queue.waitingCount == 6)
    }

    @Test func nothingWaitsWhereNothingMay() {
        var queue = queue(places: 2, waiting: 0)
        #expect(add("a1", "a", &queue).waits, "it runs at once")
        #expect(queue.next() != nil)
        #expect(!add("a2", "a", &queue).waits)
        #expect(add("b1", "b", &queue).waits)
        #expect(queue.next() != nil)
        #expect(!add("c1", "c", &queue).waits)
    }

    @Test func whoGivesUpIsTakenOut() {
        var queue = queue(places: 1)
        guard case .waits(let ticket, _) = queue.add("a1", of: "a") else { return #expect(Bool(false)) }
        #expect(add("b1", "b", &queue).waits)
        #expect(queue.remove(ticket) == "a1")
        #expect(queue.remove(ticket) == nil)
        #expect(queue.next()?.entry == "b1")
        #expect(queue.next() == nil)
        #expect(queue.waitingCount == 0)
    }

    @Test func atTheEndEverythingComesOut() {
        var queue = queue(places: 1)
        for user in ["a", "b"] { for n in 1...2 { #expect(add("\(user)\(n)", user, &queue).waits) } }
        #expect(queue.removeAll() == ["a1", "a2", "b1", "b2"])
        #expect(queue.next() == nil && queue.waitingCount == 0)
    }
}
