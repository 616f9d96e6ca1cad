import NIOCore
import Testing

@testable import EngineIO

@Suite struct HeartbeatTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private func at(_ seconds: Int64) -> NIODeadline { start + .seconds(seconds) }

    private func pings(_ heartbeat: inout Heartbeat, at seconds: Int64) -> Bool { heartbeat.pings(at: at(seconds)) }

    private func make() -> Heartbeat { Heartbeat(interval: .seconds(25), timeout: .seconds(20), now: start) }

    @Test func aPingIsDueAfterTheInterval() {
        var heartbeat = make()
        #expect(heartbeat.deadline == at(25))
        #expect(!pings(&heartbeat, at: 24))
        #expect(pings(&heartbeat, at: 25))
        #expect(!pings(&heartbeat, at: 26), "one is enough")
        #expect(heartbeat.deadline == at(45))
    }

    @Test func aPongBeginsTheNextInterval() {
        var heartbeat = make()
        heartbeat.receivedPong(at: at(10))
        #expect(heartbeat.deadline == at(25), "nobody asked for it")
        _ = pings(&heartbeat, at: 25)
        heartbeat.receivedPong(at: at(30))
        #expect(heartbeat.deadline == at(55))
        #expect(!heartbeat.isExpired(at: at(60)))
    }

    @Test func withoutAPongItExpires() {
        var heartbeat = make()
        _ = pings(&heartbeat, at: 25)
        #expect(!heartbeat.isExpired(at: at(44)))
        #expect(heartbeat.isExpired(at: at(45)))
    }

    /// A timer that comes late, or never, prolongs nothing.
    @Test func aLatePingHasTheSameEnd() {
        var heartbeat = make()
        #expect(!heartbeat.isExpired(at: at(44)))
        #expect(heartbeat.isExpired(at: at(45)), "the ping was never sent")
        #expect(pings(&heartbeat, at: 40))
        #expect(heartbeat.deadline == at(45))
    }
}
