internal import NIOCore
internal import Synchronization

/// The bounded queue between the event loop and the reader. The reader takes all that is there at once.
final class Inbox: Sendable {
    private struct State {
        var events: [RedisEvent] = []
        var bytes = 0
        var reader: CheckedContinuation<Void, Never>?
        var dropped = 0
    }

    private let state = Mutex(State())
    private let maxMessages: Int
    private let maxBytes: Int

    init(maxMessages: Int, maxBytes: Int) {
        self.maxMessages = maxMessages
        self.maxBytes = maxBytes
    }

    /// How many messages were dropped.
    var dropped: Int { state.withLock { $0.dropped } }

    /// Messages are dropped for which there is no room. Other events always have room.
    func put(_ events: [RedisEvent]) {
        let reader = state.withLock { state in
            for event in events { append(event, &state) }
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }

    private func append(_ event: RedisEvent, _ state: inout State) {
        if case .message(let message) = event {
            let size = message.payload.readableBytes
            guard state.events.count < maxMessages, state.bytes + size <= maxBytes else {
                // Told once, where the gap is.
                if state.events.last != .missed { state.events.append(.missed) }
                state.dropped += 1
                return
            }
            state.bytes += size
        }
        state.events.append(event)
    }

    /// Waits until there is something; nothing if the task was canceled.
    func take() async -> [RedisEvent] {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    guard state.events.isEmpty, !Task.isCancelled else { return true }
                    state.reader = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            wake()
        }
        return state.withLock { state in
            defer {
                state.events = []
                state.bytes = 0
            }
            return state.events
        }
    }

    private func wake() {
        let reader = state.withLock { state in
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }
}
