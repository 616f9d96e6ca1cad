import DequeModule
import Synchronization

/// Ends the listening connection when the last copy of the sequence is released.
final class Listening: Sendable {
    let subscription: Subscription
    private let mailbox: Mailbox

    init(subscription: Subscription, mailbox: Mailbox) {
        self.subscription = subscription
        self.mailbox = mailbox
        if !mailbox.post(.listen(subscription)) { subscription.finish() }
    }

    deinit { _ = mailbox.post(.unlisten(ObjectIdentifier(subscription))) }
}

/// The bounded queue between the I/O thread and the reader.
final class Subscription: Sendable {
    private struct State {
        var events: Deque<PostgresListenEvent> = []
        var reader: CheckedContinuation<PostgresListenEvent?, Never>?
        var isFinished = false
    }

    let channels: [String]
    private let state = Mutex(State())
    private let maxEvents: Int

    init(channels: [String], maxEvents: Int = 10_000) {
        self.channels = channels
        self.maxEvents = maxEvents
    }

    func yield(_ event: PostgresListenEvent) {
        let reader = state.withLock { state -> CheckedContinuation<PostgresListenEvent?, Never>? in
            if let reader = state.reader {
                state.reader = nil
                return reader
            }
            if state.events.count >= maxEvents {
                state.events = [.connected]
            } else {
                state.events.append(event)
            }
            return nil
        }
        reader?.resume(returning: event)
    }

    func finish() {
        let reader = state.withLock { state in
            state.isFinished = true
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: nil)
    }

    func next() async -> PostgresListenEvent? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready: PostgresListenEvent?? = state.withLock { state in
                    if let event = state.events.popFirst() { return .some(event) }
                    // Only one reader is allowed. A second one ends the sequence for both, so neither waits forever.
                    if state.isFinished || state.reader != nil || Task.isCancelled { return .some(nil) }
                    state.reader = continuation
                    return nil
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            let reader = state.withLock { state in
                defer { state.reader = nil }
                return state.reader
            }
            reader?.resume(returning: nil)
        }
    }
}
