import ChatModel
import Testing

@testable import Chat

@Suite struct ArrivalOrderTests {
    private let ana = UserID.make()
    private let bo = UserID.make()

    @Test func whoCameBeforeWasHere() {
        var order = ArrivalOrder()
        let first = order.end(ana, began: order.begin())
        let second = order.end(bo, began: order.begin())
        #expect(!order.wasHere(ana, before: first), "their own list has it")
        #expect(order.wasHere(ana, before: second))
        #expect(!order.wasHere(bo, before: first) && !order.wasHere(bo, before: second))
        #expect(!order.wasHere(.make(), before: second), "is not here")
    }

    /// Their lists may be of different moments.
    @Test func whoCameMeanwhileMayHaveAnOlderList() {
        var order = ArrivalOrder()
        let (one, other) = (order.begin(), order.begin())
        let first = order.end(ana, began: one)
        _ = order.end(bo, began: other)
        #expect(order.wasHere(bo, before: first))
    }

    @Test func theFirstDeviceCounts() {
        var order = ArrivalOrder()
        _ = order.end(ana, began: order.begin())
        let second = order.end(ana, began: order.begin())
        #expect(order.wasHere(ana, before: second))
        order.depart(ana)
        let third = order.end(ana, began: order.begin())
        #expect(!order.wasHere(ana, before: second) && !order.wasHere(ana, before: third))
    }

    @Test func aChangeComesBetweenTwoArrivals() {
        var order = ArrivalOrder()
        _ = order.end(ana, began: order.begin())
        let mark = order.mark
        _ = order.end(bo, began: order.begin())
        #expect(order.wasHere(ana, before: mark) && !order.wasHere(bo, before: mark))
    }
}
