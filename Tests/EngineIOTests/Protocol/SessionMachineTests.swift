import NIOCore
import Testing

@testable import EngineIO

@Suite struct SessionMachineTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private func at(_ milliseconds: Int64) -> NIODeadline { start + .milliseconds(milliseconds) }

    /// Pings after 300 ms, and waits 200 ms for the pong.
    private func machine(
        _ transport: SessionMachine.Transport = .polling,
        maxOutboundBytes: Int = 1000,
        maxPayload: Int = 100
    ) -> SessionMachine {
        var configuration = EngineConfiguration()
        configuration.maxOutboundBytes = maxOutboundBytes
        configuration.maxPayload = maxPayload
        let timing = SessionMachine.Timing(
            pingInterval: .milliseconds(300),
            pingTimeout: .milliseconds(200),
            closeTimeout: .milliseconds(1000)
        )
        return SessionMachine(transport: transport, timing: timing, configuration: configuration, now: start)
    }

    private func text(_ string: String) -> EncodedPacket { EncodedPacket(text: ByteBuffer(string: string)) }

    private func payload(_ packets: [EncodedPacket]?) -> String? {
        packets.map { String(buffer: PollingPayload.encode($0)) }
    }

    private func isHeld(_ action: SessionMachine.PollAction) -> Bool {
        if case .hold = action { true } else { false }
    }

    // MARK: Heartbeat

    @Test func pingsAndExpiresOnTime() {
        var machine = self.machine(.websocket)
        #expect(machine.nextDeadline == at(300))
        #expect(machine.timerFired(now: at(299)) == .wait)
        #expect(machine.timerFired(now: at(300)) == .sendPing)
        #expect(machine.nextDeadline == at(500))
        #expect(machine.timerFired(now: at(499)) == .wait)
        #expect(machine.timerFired(now: at(500)) == .expire)
    }

    @Test func aLateTimerDoesNotLengthenTheSession() {
        var machine = self.machine(.websocket)
        #expect(machine.timerFired(now: at(450)) == .sendPing)
        #expect(machine.nextDeadline == at(500))
        var later = self.machine(.websocket)
        #expect(later.timerFired(now: at(500)) == .expire)
    }

    @Test func aPongBeginsTheNextInterval() {
        var machine = self.machine(.websocket)
        _ = machine.timerFired(now: at(300))
        #expect(machine.received(.pong(ByteBuffer()), now: at(350)) == .ignore)
        #expect(machine.nextDeadline == at(650))
    }

    @Test func anUnaskedPongChangesNothing() {
        var machine = self.machine(.websocket)
        #expect(machine.received(.pong(ByteBuffer()), now: at(200)) == .ignore)
        #expect(machine.nextDeadline == at(300))
    }

    @Test func requestsFindAnExpiredSessionGone() {
        var machine = self.machine()
        if case .expired = machine.receivedPoll(now: at(500)) {} else { Issue.record("the poll was taken") }
        #expect(machine.receivedPost(now: at(500)) == .expired)
        #expect(machine.received(.noop, now: at(500)) == .fail(.pingTimeout))
    }

    // MARK: Packets

    @Test func deliversMessages() {
        var machine = self.machine()
        let message = EngineMessage.text(ByteBuffer(string: "hello"))
        #expect(machine.received(.message(message), now: start) == .deliver(message))
        #expect(machine.received(.ping(ByteBuffer()), now: start) == .fail(.transportError))
    }

    // MARK: Polling

    @Test func holdsAPollUntilThereIsSomethingToSay() {
        var machine = self.machine()
        #expect(isHeld(machine.receivedPoll(now: start)))
        #expect(machine.flush() == nil)
        #expect(machine.send(text("a")) == .queued)
        #expect(machine.send(text("b")) == .queued)
        #expect(payload(machine.flush()) == "4a\u{1e}4b")
        #expect(machine.flush() == nil)
    }

    @Test func answersAPollAtOnceWhereSomethingWaits() {
        var machine = self.machine()
        _ = machine.send(text("a"))
        guard case .respond(let packets) = machine.receivedPoll(now: start) else {
            return #expect(Bool(false), "the poll was not answered")
        }
        #expect(payload(packets) == "4a")
    }

    @Test func keepsToTheLimitsOfAnAnswer() {
        var machine = self.machine(maxOutboundBytes: 10000)
        for number in 0..<20 { _ = machine.send(text("\(number)")) }
        _ = machine.send(text(String(repeating: "x", count: 80)))
        _ = machine.send(text(String(repeating: "y", count: 80)))
        _ = machine.send(text(String(repeating: "z", count: 500)))
        var sizes: [Int] = []
        while case .respond(let packets) = machine.receivedPoll(now: start) { sizes.append(packets.count) }
        #expect(sizes == [16, 5, 1, 1])
    }

    @Test func boundsTheQueue() {
        var machine = self.machine(maxOutboundBytes: 200)
        #expect(machine.send(text(String(repeating: "x", count: 150))) == .queued)
        #expect(machine.send(text(String(repeating: "x", count: 150))) == .overflow)
    }

    @Test func anAnswerThatIsNotReadCountsForTheQueue() {
        // A quarter is the kernel's.
        var machine = self.machine(maxOutboundBytes: 240)
        #expect(machine.send(text(String(repeating: "x", count: 150))) == .queued)
        if case .respond = machine.receivedPoll(now: start) {} else { Issue.record("the poll was not answered") }
        machine.answering(155)
        #expect(machine.send(text(String(repeating: "x", count: 30))) == .overflow)
        machine.answered(155)
        #expect(machine.send(text(String(repeating: "x", count: 30))) == .queued)
    }

    @Test func aSecondPollOverlaps() {
        var machine = self.machine()
        _ = machine.receivedPoll(now: start)
        if case .overlap = machine.receivedPoll(now: start) {} else { Issue.record("the poll was taken") }
    }

    // MARK: Upgrade

    private let probe = Packet.ping(ByteBuffer(string: "probe"))

    @Test func upgrades() {
        var machine = self.machine()
        _ = machine.receivedPoll(now: start)
        #expect(machine.attachWebSocket(now: start) == true)
        if case .sendProbe = machine.receivedOnUpgrade(probe, now: at(1)) {} else { Issue.record("no probe") }
        #expect(machine.nextDeadline == at(21))
        #expect(machine.timerFired(now: at(21)) == .releasePoll)
        #expect(machine.send(text("meanwhile")) == .queued)
        guard case .complete(let packets, poll: nil) = machine.receivedOnUpgrade(.upgrade, now: at(30)) else {
            return #expect(Bool(false), "the upgrade did not complete")
        }
        #expect(payload(packets) == "4meanwhile")
        #expect(machine.send(text("later")) == .write)
        if case .refuse(.badRequest) = machine.receivedPoll(now: at(31)) {} else { Issue.record("was polled") }
        #expect(machine.receivedPost(now: at(31)) == .refuse(.badRequest))
        #expect(machine.attachWebSocket(now: at(31)) == false)
    }

    @Test func pollsGoOnDuringTheUpgrade() {
        var machine = self.machine()
        #expect(machine.attachWebSocket(now: start) == true)
        #expect(isHeld(machine.receivedPoll(now: start)))
        _ = machine.send(text("a"))
        #expect(payload(machine.flush()) == "4a")
    }

    @Test(arguments: [false, true])
    func releasesThePollThatWaits(duringUpgrade: Bool) {
        var machine = self.machine()
        if !duringUpgrade { _ = machine.receivedPoll(now: start) }
        #expect(machine.attachWebSocket(now: start) == true)
        if duringUpgrade { _ = machine.receivedPoll(now: start) }
        _ = machine.receivedOnUpgrade(probe, now: start)
        guard case .complete(_, let release) = machine.receivedOnUpgrade(.upgrade, now: start) else {
            return #expect(Bool(false), "the upgrade did not complete")
        }
        #expect(release == (duringUpgrade ? .refuse : .noop))
    }

    /// As elephant.io does it, and the reference server takes it.
    @Test func upgradesWithoutAProbe() {
        var machine = self.machine()
        _ = machine.receivedPoll(now: start)
        #expect(machine.attachWebSocket(now: start) == true)
        _ = machine.send(text("meanwhile"))
        guard case .complete(let packets, poll: .noop) = machine.receivedOnUpgrade(.upgrade, now: at(1)) else {
            return #expect(Bool(false), "the upgrade did not complete")
        }
        #expect(payload(packets) == "4meanwhile")
        #expect(machine.received(.upgrade, now: at(2)) == .ignore)
        #expect(machine.received(.noop, now: at(2)) == .ignore)
    }

    @Test func answersAProbeAgain() {
        var machine = self.machine()
        #expect(machine.attachWebSocket(now: start) == true)
        for _ in 0..<2 {
            if case .sendProbe = machine.receivedOnUpgrade(probe, now: at(1)) {
            } else {
                Issue.record("no probe")
            }
        }
        if case .complete = machine.receivedOnUpgrade(.upgrade, now: at(2)) {} else { Issue.record("no upgrade") }
    }

    @Test func anUpgradeOutOfOrderIsAborted() {
        for packet in [Packet.noop, .close, .pong(ByteBuffer()), .ping(ByteBuffer()), .message(.text(ByteBuffer()))] {
            var machine = self.machine()
            #expect(machine.attachWebSocket(now: start) == true)
            if case .abort = machine.receivedOnUpgrade(packet, now: start) {} else { Issue.record("\(packet)") }
            #expect(machine.transport == .polling)
            #expect(machine.attachWebSocket(now: start) == true, "the client may try again")
        }
    }

    @Test func onlyOneWebSocketMayTry() {
        var machine = self.machine()
        #expect(machine.attachWebSocket(now: start) == true)
        #expect(machine.attachWebSocket(now: start) == false)
    }

    // MARK: Closing

    /// The poll that a client sends together with its close, on another connection, may come behind it.
    @Test func answersThePollThatComesBehindTheClientsClose() {
        var machine = self.machine()
        #expect(machine.received(.close, now: start) == .leftByClient)
        #expect(!machine.isOpen)
        #expect(machine.send(text("late")) == .drop)
        #expect(machine.receivedPost(now: at(1)) == .refuse(.unknownSession))
        #expect(machine.attachWebSocket(now: at(1)) == false)
        guard case .respondAndEnd(let packets) = machine.receivedPoll(now: at(1)) else {
            return #expect(Bool(false), "the poll was not answered")
        }
        #expect(payload(packets) == "6")
        if case .refuse(.unknownSession) = machine.receivedPoll(now: at(2)) {} else { Issue.record("still there") }
    }

    @Test func givesThatPollWhatWaits() {
        var machine = self.machine()
        _ = machine.send(text("a"))
        #expect(machine.received(.close, now: start) == .leftByClient)
        guard case .respondAndEnd(let packets) = machine.receivedPoll(now: at(1)) else {
            return #expect(Bool(false), "the poll was not answered")
        }
        #expect(payload(packets) == "4a")
    }

    @Test func dropsASessionWhoseLastPollDoesNotCome() {
        var machine = self.machine()
        #expect(machine.received(.close, now: start) == .leftByClient)
        #expect(machine.nextDeadline == at(1000))
        #expect(machine.timerFired(now: at(1000)) == .drop)
    }

    @Test func endsAtOnceWhereThePollIsThere() {
        var machine = self.machine()
        _ = machine.receivedPoll(now: start)
        #expect(machine.received(.close, now: start) == .closedByClient)
        var webSocket = self.machine(.websocket)
        #expect(webSocket.received(.close, now: start) == .closedByClient)
    }

    @Test func closesTheWaitingPollWithWhatIsQueued() {
        var machine = self.machine()
        _ = machine.receivedPoll(now: start)
        _ = machine.send(text("bye"))
        guard case .respondPoll(let packets) = machine.close(now: start) else {
            return #expect(Bool(false), "the poll was not answered")
        }
        #expect(payload(packets) == "4bye\u{1e}1")
        #expect(machine.send(text("late")) == .drop)
        if case .alreadyClosed = machine.close(now: start) {} else { Issue.record("closed twice") }
    }

    @Test func tellsTheNextPollThatItIsClosed() {
        var machine = self.machine()
        for number in 0..<20 { _ = machine.send(text("\(number)")) }
        if case .awaitPoll = machine.close(now: start) {} else { Issue.record("no poll to wait for") }
        #expect(machine.nextDeadline == at(1000))
        if case .respond(let packets) = machine.receivedPoll(now: start) {
            #expect(packets.count == 16)
        } else {
            Issue.record("the queue was not sent")
        }
        guard case .respondAndEnd(let packets) = machine.receivedPoll(now: start) else {
            return #expect(Bool(false), "the poll was not answered")
        }
        #expect(packets.count == 5 && packets.last === EncodedPacket.close)
        if case .refuse(.unknownSession) = machine.receivedPoll(now: start) {} else { Issue.record("still there") }
    }

    @Test func dropsAClosingSessionThatNobodyComesFor() {
        var machine = self.machine()
        _ = machine.close(now: start)
        #expect(machine.timerFired(now: at(999)) == .wait)
        #expect(machine.timerFired(now: at(1000)) == .drop)
    }

    @Test func endsOnce() {
        var machine = self.machine()
        _ = machine.receivedPoll(now: start)
        #expect(machine.end() == true)
        #expect(machine.end() == false)
        #expect(machine.nextDeadline == nil)
        #expect(machine.received(.close, now: start) == .ignore)
    }
}
