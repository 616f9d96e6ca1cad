import Testing

@testable import ClusterBus

@Suite struct BusHealthTests {
    @Test func itIsUpWhenWhatWeSendComesBack() {
        var health = BusHealth()
        #expect(!health.isDue(at: .zero) && !health.isUp(at: .zero))
        health.note(isConnected: true, at: .zero)
        #expect(health.isDue(at: .zero) && !health.isUp(at: .zero))
        health.noteSent(at: .zero)
        health.noteEcho(at: .milliseconds(1))
        #expect(health.isUp(at: .milliseconds(1)) && !health.isDue(at: .milliseconds(999)))
        #expect(health.isDue(at: .seconds(1)))
        #expect(health.isUp(at: .seconds(3)))
        #expect(!health.isUp(at: .milliseconds(3001)))
    }

    @Test func aNewConnectionHasToShowItself() {
        var health = BusHealth()
        health.note(isConnected: true, at: .zero)
        health.noteEcho(at: .zero)
        health.note(isConnected: false, at: .milliseconds(1))
        #expect(!health.isUp(at: .milliseconds(1)) && !health.isDue(at: .seconds(9)))
        health.note(isConnected: true, at: .milliseconds(2))
        #expect(!health.isUp(at: .milliseconds(2)) && health.isDue(at: .milliseconds(2)))
        health.noteEcho(at: .milliseconds(3))
        #expect(health.isUp(at: .milliseconds(3)))
    }
}
