import Testing

@testable import PostgresClient

@Suite struct MailboxTests {
    private func names(_ commands: [Command]) -> [String] {
        commands.map { command in
            switch command {
            case .close: "close"
            case .acquire: "acquire"
            default: "other"
            }
        }
    }

    private func lease() -> Lease { Lease(deadline: .now + .seconds(60)) }

    @Test func commandsAreTakenInOrderAndOnce() throws {
        let box = Mailbox(poller: try Poller())
        #expect(box.post(.acquire(lease())) && box.post(.close) && box.post(.acquire(lease())))
        var commands: [Command] = []
        box.take(into: &commands)
        #expect(names(commands) == ["acquire", "close", "acquire"])
        commands = []
        box.take(into: &commands)
        #expect(commands.isEmpty)
    }

    @Test func aPostedCommandWakesWhoWaits() throws {
        let poller = try Poller()
        let box = Mailbox(poller: poller)
        for _ in 0..<2 {
            _ = box.post(.close)
            let start = ContinuousClock.now
            poller.wait(timeout: .seconds(60)) { _ in Issue.record("no socket is watched") }
            #expect(.now - start < .seconds(60), "nobody woke it")
            var commands: [Command] = []
            box.take(into: &commands)
        }
    }

    @Test func aClosedBoxHandsOutItsRestAndTakesNothing() throws {
        let box = Mailbox(poller: try Poller())
        _ = box.post(.acquire(lease()))
        #expect(names(box.close()) == ["acquire"])
        #expect(!box.post(.close))
        #expect(box.close().isEmpty)
    }
}
