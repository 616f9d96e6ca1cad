import NIOCore
import Testing

@testable import EngineIO

@Suite struct SessionMachineTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private func at(_ milliseconds: Int64) -> NIODeadline { self.start + .milliseconds(milliseconds) }

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
        return SessionMachine(transport: transport, timing: timing, configuration: configuration, now: self.start)
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
        #expect(machine.nextDeadline == self.at(300))
        #expect(machine.timerFired(now: self.at(299)) == .wait)
        #expect(machine.timerFired(now: self.at(300)) == .sendPing)
        #expect(machine.nextDeadline == self.at(500))
        #expect(machine.timerFired(now: self.at(499)) == .wait)
        #expect(machine.timerFired(now: self.at(500)) == .expire)
    }

    @Test func aLateTimerDoesNotLengthenTheSession() {
        var machine = self.machine(.websocket)
        #expect(machine.timerFired(now: self.at(450)) == .sendPing)
        #expect(machine.nextDeadline == self.at(500))
        var later = self.machine(.websocket)
        #expect(later.timerFired(now: self.at(500)) == .expire)
    }

    @Test func aPongBeginsTheNextInterval() {
        var machine = self.machine(.websocket)
        _ = machine.timerFired(now: self.at(300))
        #expect(machine.received(.pong(ByteBuffer()), now: self.at(350)) == .ignore)
        #expect(machine.nextDeadline == self.at(650))
    }

    @Test func anUnaskedPongChangesNothing() {
        var machine = self.machine(.websocket)
        #expect(machine.received(.pong(ByteBuffer()), now: self.at(200)) == .ignore)
        #expect(machine.nextDeadline == self.at(300))
    }

    @Test func requestsFindAnExpiredSessionGone() {
        var machine = self.machine()
        if case .expired = machine.receivedPoll(now: self.at(500)) {} else { Issue.record("the poll was taken") }
        #expect(machine.receivedPost(now: self.at(500)) == .expired)
        #expect(machine.received(.noop, now: self.at(500)) == .fail(.pingTimeout))
    }

    // MARK: Packets

    @Test func deliversMessages() {
        var machine = self.machine()
        let message = EngineMessage.text(ByteBuffer(string: "hello"))
        #expect(machine.received(.message(message), now: self.start) == .deliver(message))
        #expect(machine.received(.ping(ByteBuffer()), now: self.start) == .fail(.transportError))
    }

    // MARK: Polling

    @Test func holdsAPollUntilThereIsSomethingToSay() {
        var machine = self.machine()
        #expect(self.isHeld(machine.receivedPoll(now: self.start)))
        #expect(machine.flush() == nil)
        #expect(machine.send(self.text("a")) == .queued)
        #expect(machine.send(self.text("b")) == .queued)
        #expect(self.payload(machine.flush()) == "4a\u{1e}4b")
        #expect(machine.flush() == nil)
    }

    @Test func answersAPollAtOnceWhereSomethingWaits() {
        var machine = self.machine()
        _ = machine.send(self.text("a"))
        guard case .respond(let packets) = machine.receivedPoll(now: self.start) else {
            return #expect(Bool(false), "the poll was not answered")
        }
        #expect(self.payload(packets) == "4a")
    }

    @Test func keepsToTheLimitsOfAnAnswer() {
        var machine = self.machine(maxOutboundBytes: 10000)
        for number in 0..<20 { _ = machine.send(self.text("\(number)")) }
        _ = machine.send(self.text(String(repeating: "x", count: 80)))
        _ = machine.send(self.text(String(repeating: "y", count: 80)))
        _ = machine.send(self.text(String(repeating: "z", count: 500)))
        var sizes: [Int] = []
        while case .respond(let packets) = machine.receivedPoll(now: self.start) { sizes.append(packets.count) }
        #expect(sizes == [16, 5, 1, 1])
    }

    @Test func boundsTheQueue() {
        var machine = self.machine(maxOutboundBytes: 200)
        #expect(machine.send(self.text(String(repeating: "x", count: 150))) == .queued)
        #expect(machine.send(self.text(String(repeating: "x", count: 150))) == .overflow)
    }

    @Test func anAnswerThatIsNotReadCountsForTheQueue() {
        // A quarter is the kernel's.
        var machine = self.machine(maxOutboundBytes: 240)
        #expect(machine.send(self.text(String(repeating: "x", count: 150))) == .queued)
        if case .respond = machine.receivedPoll(now: self.start) {} else { Issue.record("the poll was not answered") }
        machine.answering(155)
        #expect(machine.send(self.text(String(repeating: "x", count: 30))) == .overflow)
        machine.answered(155)
        #expect(machine.send(self.text(String(repeating: "x", count: 30))) == .queued)
    }

    @Test func aSecondPollOverlaps() {
        var machine = self.machine()
        _ = machine.receivedPoll(now: self.start)
        if case .overlap = machine.receivedPoll(now: self.start) {} else { Issue.record("the poll was taken") }
    }

    // MARK: Upgrade

    private let probe = Packet.ping(ByteBuffer(string: "probe"))

    @Test func upgrades() {
        var machine = self.machine()
        _ = machine.receivedPoll(now: self.start)
        #expect(machine.attachWebSocket(now: self.start) == true)
        if case .sendProbe = machine.receivedOnUpgrade(self.probe, now: self.at(1)) {} else { Issue.record("no probe") }
        #expect(machine.nextDeadline == self.at(21))
        #expect(machine.timerFired(now: self.at(21)) == .releasePoll)
        #expect(machine.send(self.text("meanwhile")) == .queued)
        guard case .complete(let packets, poll: nil) = machine.receivedOnUpgrade(.upgrade, now: self.at(30)) else {
            return #expect(Bool(false), "the upgrade did not complete")
        }
        #expect(self.payload(packets) == "4meanwhile")
        #expect(machine.send(self.text("later")) == .write)
        if case .refuse(.badRequest) = machine.receivedPoll(now: self.at(31)) {} else { Issue.record("was polled") }
        #expect(machine.receivedPost(now: self.at(31)) == .refuse(.badRequest))
        #expect(machine.attachWebSocket(now: self.at(31)) == false)
    }

    @Test func pollsGoOnDuringTheUpgrade() {
        var machine = self.machine()
        #expect(machine.attachWebSocket(now: self.start) == true)
        #expect(self.isHeld(machine.receivedPoll(now: self.start)))
        _ = machine.send(self.text("a"))
        #expect(self.payload(machine.flush()) == "4a")
    }

    @Test(arguments: [false, true])
    func releasesThePollThatWaits(duringUpgrade: Bool) {
        var machine = self.machine()
        if !duringUpgrade { _ = machine.receivedPoll(now: self.start) }
        #expect(machine.attachWebSocket(now: self.start) == true)
        if duringUpgrade { _ = machine.receivedPoll(now: self.start) }
        _ = machine.receivedOnUpgrade(self.probe, now: self.start)
        guard case .complete(_, let release) = machine.receivedOnUpgrade(.upgrade, now: self.start) else {
            return #expect(Bool(false), "the upgrade did not complete")
        }
        #expect(release == (duringUpgrade ? .refuse : .noop))
    }

    /// As elephant.io does it, and the reference server takes it.
    @Test func upgradesWithoutAProbe() {
        var machine = self.machine()
        _ = machine.receivedPoll(now: self.start)
        #expect(machine.attachWebSocket(now: self.start) == true)
        _ = machine.send(self.text("meanwhile"))
        guard case .complete(let packets, poll: .noop) = machine.receivedOnUpgrade(.upgrade, now: self.at(1)) else {
            return #expect(Bool(false), "the upgrade did not complete")
        }
        #expect(self.payload(packets) == "4meanwhile")
        #expect(machine.received(.upgrade, now: self.at(2)) == .ignore)
        #expect(machine.received(.noop, now: self.at(2)) == .ignore)
    }

    @Test func answersAProbeAgain() {
        var machine = self.machine()
        #expect(machine.attachWebSocket(now: self.start) == true)
        for _ in 0..<2 {
            if case .sendProbe = machine.receivedOnUpgrade(self.probe, now: self.at(1)) {
            } else {
                Issue.record("no probe")
            }
        }
        if case .complete = machine.receivedOnUpgrade(.upgrade, now: self.at(2)) {} else { Issue.record("no upgrade") }
    }

    @Test func anUpgradeOutOfOrderIsAborted() {
        for packet in [Packet.noop, .close, .pong(ByteBuffer()), .ping(ByteBuffer()), .message(.text(ByteBuffer()))] {
            var machine = self.machine()
            #expect(machine.attachWebSocket(now: self.start) == true)
            if case .abort = machine.receivedOnUpgrade(packet, now: self.start) {} else { Issue.record("\(packet)") }
            #expect(machine.transport == .polling)
            #expect(machine.attachWebSocket(now: self.start) == true, "the client may try again")
        }
    }

    @Test func onlyOneWebSocketMayTry() {
        var machine = self.machine()
        #expect(machine.attachWebSocket(now: self.start) == true)
        #expect(machine.attachWebSocket(now: self.start) == false)
    }

    // MARK: Closing

    /// The poll that a client sends together with its close, on another connection, may come behind it.
    @Test func answersThePollThatComesBehindTheClientsClose() {
        var machine = self.machine()
        #expect(machine.received(.close, now: self.start) == .leftByClient)
        #expect(!machine.isOpen)
        #expect(machine.send(self.text("late")) == .drop)
        #expect(machine.receivedPost(now: self.at(1)) == .refuse(.unknownSession))
        #expect(machine.attachWebSocket(now: self.at(1)) == false)
        guard case .respondAndEnd(let packets) = machine.receivedPoll(now: self.at(1)) else {
            return #expect(Bool(false), "the poll was not answered")
        }
        #expect(self.payload(packets) == "6")
        if case .refuse(.unknownSession) = machine.receivedPoll(now: self.at(2)) {} else { Issue.record("still there") }
    }

    @Test func givesThatPollWhatWaits() {
        var machine = self.machine()
        _ = machine.send(self.text("a"))
        #expect(machine.received(.close, now: self.start) == .leftByClient)
        guard case .respondAndEnd(let packets) = machine.receivedPoll(now: self.at(1)) else {
            return #expect(Bool(false), "the poll was not answered")
        }
        #expect(self.payload(packets) == "4a")
    }

    @Test func dropsASessionWhoseLastPollDoesNotCome() {
        var machine = self.machine()
        #expect(machine.received(.close, now: self.start) == .leftByClient)
        #expect(machine.nextDeadline == self.at(1000))
        #expect(machine.timerFired(now: self.at(1000)) == .drop)
    }

    @Test func endsAtOnceWhereThePollIsThere() {
        var machine = self.machine()
        _ = machine.receivedPoll(now: self.start)
        #expect(machine.received(.close, now: self.start) == .closedByClient)
        var webSocket = self.machine(.websocket)
        #expect(webSocket.received(.close, now: self.start) == .closedByClient)
    }

    @Test func closesTheWaitingPollWithWhatIsQueued() {
        var machine = self.machine()
        _ = machine.receivedPoll(now: self.start)
        _ = machine.send(self.text("bye"))
        guard case .respondPoll(let packets) = machine.close(now: self.start) else {
            return #expect(Bool(false), "the poll was not answered")
        }
        #expect(self.payload(packets) == "4bye\u{1e}1")
        #expect(machine.send(self.text("late")) == .drop)
        if case .alreadyClosed = machine.close(now: self.start) {} else { Issue.record("closed twice") }
    }

    @Test func tellsTheNextPollThatItIsClosed() {
        var machine = self.machine()
        for number in 0..<20 { _ = machine.send(self.text("\(number)")) }
        if case .awaitPoll = machine.close(now: self.start) {} else { Issue.record("no poll to wait for") }
        #expect(machine.nextDeadline == self.at(1000))
        if case .respond(let packets) = machine.receivedPoll(now: self.start) {
            #expect(packets.count == 16)
        } else {
            Issue.record("the queue was not sent")
        }
        guard case .respondAndEnd(let packets) = machine.receivedPoll(now: self.start) else {
            return #expect(Bool(false), "the poll was not answered")
        }
        #expect(packets.count == 5 && packets.last === EncodedPacket.close)
        if case .refuse(.unknownSession) = machine.receivedPoll(now: self.start) {} else { Issue.record("still there") }
    }

    @Test func dropsAClosingSessionThatNobodyComesFor() {
        var machine = self.machine()
        _ = machine.close(now: self.start)
        #expect(machine.timerFired(now: self.at(999)) == .wait)
        #expect(machine.timerFired(now: self.at(1000)) == .drop)
    }

    @Test func endsOnce() {
        var machine = self.machine()
        _ = machine.receivedPoll(now: self.start)
        #expect(machine.end() == true)
        #expect(machine.end() == false)
        #expect(machine.nextDeadline == nil)
        #expect(machine.received(.close, now: self.start) == .ignore)
    }
}
