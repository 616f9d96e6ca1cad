import NIOCore
import Synchronization

/// What is to be done with the sockets of one event loop, in the order in which it was handed over, by whichever thread.
///
/// What is handed over on the event loop is done at once, after what was handed over before. If it only ran at once, it
/// would overtake what other threads handed over and the event loop has not come to yet.
final class LoopMailbox: Sendable {
    typealias Work = @Sendable () -> Void

    private struct State {
        var works: [Work] = []
        /// Whether the event loop is going to empty the mailbox.
        var isScheduled = false
        /// Whether it is doing so now. What is handed over by the work itself then comes afterwards.
        var isWorking = false
    }

    private let eventLoop: any EventLoop
    private let state = Mutex(State())

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func hand(_ work: @escaping Work) {
        let isHere = eventLoop.inEventLoop
        enum Step { case work, schedule, nothing }
        let step = state.withLock { state -> Step in
            state.works.append(work)
            if isHere, !state.isWorking { return .work }
            if state.isScheduled { return .nothing }
            state.isScheduled = true
            return .schedule
        }
        switch step {
        case .work: self.work()
        case .schedule:
            eventLoop.execute {
                self.state.withLock { $0.isScheduled = false }
                self.work()
            }
        case .nothing: break
        }
    }

    private func work() {
        let works = state.withLock { state -> [Work] in
            guard !state.works.isEmpty else { return [] }
            state.isWorking = true
            defer { state.works = [] }
            return state.works
        }
        guard !works.isEmpty else { return }
        for work in works { work() }
        state.withLock { $0.isWorking = false }
    }
}
