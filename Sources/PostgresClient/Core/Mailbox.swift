import Synchronization

/// A command for the I/O thread.
enum Command: Sendable {
    case submit(Request)
    case abandon(Request)
    case acquire(Lease)
    case abandonLease(Lease)
    /// Ends a lease. Then `completion` runs on the I/O thread.
    case release(Lease, LeaseEnding, completion: @Sendable () -> Void)
    case listen(Subscription)
    case unlisten(ObjectIdentifier)
    case awaitConnection(ConnectionWaiter)
    case started(ConnectionStart)
    case close
}

/// Carries commands from any thread to the I/O thread. Its length is bounded by the limit of outstanding requests.
final class Mailbox: Sendable {
    private struct State {
        var commands: [Command] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    let poller: Poller

    init(poller: Poller) { self.poller = poller }

    /// False if the I/O thread has ended and nobody will read the command.
    func post(_ command: Command) -> Bool {
        let (accepted, wasEmpty) = state.withLock { state in
            if state.isClosed { return (false, false) }
            state.commands.append(command)
            return (true, state.commands.count == 1)
        }
        // One wake-up serves a whole batch: the caller that found the box empty sends it.
        if wasEmpty { poller.wake() }
        return accepted
    }

    /// Swaps the full array for the caller's empty one, so that both keep their capacity.
    func take(into commands: inout [Command]) {
        state.withLock { swap(&$0.commands, &commands) }
    }

    /// Refuses everything from now on, and returns the remaining commands.
    func close() -> [Command] {
        state.withLock { state in
            state.isClosed = true
            defer { state.commands = [] }
            return state.commands
        }
    }
}
