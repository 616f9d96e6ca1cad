import Testing

@testable import PostgresClient

@Suite struct SubscriptionTests {
    @Test func aSlowListenerIsToldToCatchUp() async {
        let subscription = Subscription(channels: [], maxEvents: 2)
        subscription.yield(.connected)
        subscription.yield(.notification(channel: "a", payload: "1"))
        subscription.yield(.notification(channel: "a", payload: "2"))
        #expect(await subscription.next() == .connected)
        subscription.yield(.notification(channel: "a", payload: "3"))
        #expect(await subscription.next() == .notification(channel: "a", payload: "3"))
        subscription.finish()
        #expect(await subscription.next() == nil)
    }
}
