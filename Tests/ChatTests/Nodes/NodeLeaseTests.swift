import Testing

@testable import Chat

@Suite struct NodeLeaseTests {
    private let start = ContinuousClock.now

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    private func lease(others: Int = 1) -> NodeLease { NodeLease(others: others, now: start) }

    @Test func aLeaseIsRenewedEveryFiveSeconds() {
        var lease = lease()
        #expect(lease.tick(at(4.9)) == [])
        #expect(lease.tick(at(5)) == [.renew])
        #expect(lease.tick(at(6)) == [], "one question at a time")
        #expect(lease.renewed(others: 2, dead: 0, now: at(6)) == [])
        #expect(lease.others == 2 && lease.nextAsk == at(10) && lease.age(at(6)) == .seconds(1))
    }

    @Test func aFailureIsRepeatedAfterASecond() {
        var lease = lease()
        #expect(lease.tick(at(5)) == [.renew])
        lease.failed(now: at(8))
        #expect(lease.nextAsk == at(9))
        #expect(!lease.isOverdue(at(10)) && lease.isOverdue(at(10.1)))
        #expect(lease.tick(at(9)) == [.renew])
        _ = lease.renewed(others: 1, dead: 0, now: at(11))
        #expect(!lease.isOverdue(at(11)))
    }

    @Test func whoseRowIsGoneBeginsAnew() {
        var lease = lease()
        _ = lease.tick(at(20))
        lease.isGone(now: at(20))
        #expect(lease.tick(at(20)) == [.join])
        lease.failed(now: at(21))
        #expect(lease.tick(at(22)) == [.join])
        #expect(lease.joined(others: 1, now: at(23)) == [.beginEpoch])
        #expect(lease.tick(at(27)) == [.renew])
    }

    @Test func onlyWhoRenewedForFifteenSecondsJudgesOthers() {
        var lease = lease()
        for second in stride(from: 5.0, through: 10, by: 5) {
            #expect(lease.tick(at(second)) == [.renew])
            #expect(lease.renewed(others: 0, dead: 1, now: at(second)) == [])
        }
        #expect(lease.tick(at(15)) == [.renew])
        #expect(lease.renewed(others: 0, dead: 1, now: at(15)) == [.reap])
        #expect(lease.tick(at(23)) == [.renew])
        #expect(lease.renewed(others: 0, dead: 1, now: at(23)) == [], "a pause")
        #expect(lease.tick(at(30)) == [.renew])
        #expect(lease.renewed(others: 0, dead: 0, now: at(30)) == [], "nobody is dead")
    }

    @Test func withoutTheDatabaseSocketsGoAfterAMinute() {
        var (lease, alone) = (lease(), lease(others: 0))
        for second in stride(from: 5.0, to: 60, by: 1) {
            #expect(lease.tick(at(second)) == [.renew])
            lease.failed(now: at(second))
            _ = alone.tick(at(second))
            alone.failed(now: at(second))
        }
        #expect(lease.tick(at(60)) == [.letSocketsGo, .renew])
        #expect(alone.tick(at(60)) == [.renew], "there is nowhere to go")
        lease.failed(now: at(61))
        #expect(lease.tick(at(62)) == [.renew], "once")
        #expect(lease.renewed(others: 1, dead: 0, now: at(62)) == [.takeSocketsBack])
    }

    @Test func whoWasFrozenAsksBeforeItLetsGo() {
        var lease = lease()
        #expect(lease.tick(at(600)) == [.renew])
    }

    @Test func aHurryAsksAtOnce() {
        var lease = lease()
        lease.hurry(now: at(1))
        #expect(lease.tick(at(1)) == [.renew])
    }
}
