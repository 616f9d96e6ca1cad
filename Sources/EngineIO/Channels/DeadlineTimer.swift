package import NIOCore

/// One timer that is moved often: it is never cancelled, which would search the event loop's queue, but looks at
/// its deadline again when it fires.
///
/// `@unchecked Sendable`: its state is touched on its event loop only.
package final class DeadlineTimer: NIOScheduledCallbackHandler, @unchecked Sendable {
    private let eventLoop: any EventLoop
    private var action: (() -> Void)?
    private var deadline: NIODeadline?
    private var scheduledFor: NIODeadline?

    /// - Parameter action: Called at the deadline, on the event loop.
    package init(eventLoop: any EventLoop, action: @escaping () -> Void) {
        self.eventLoop = eventLoop
        self.action = action
    }

    /// Moves the deadline; nil switches the timer off.
    package func set(_ deadline: NIODeadline?) {
        self.deadline = deadline
        guard let deadline, action != nil else { return }
        if let scheduledFor, scheduledFor <= deadline { return }
        schedule(deadline)
    }

    /// Lets go of the action, and of what it holds, for good.
    package func stop() {
        action = nil
        deadline = nil
    }

    private func schedule(_ deadline: NIODeadline) {
        scheduledFor = deadline
        // Fails only where the event loop has shut down, and with it everything that could be timed.
        _ = try? eventLoop.scheduleCallback(at: deadline, handler: self)
    }

    package func handleScheduledCallback(eventLoop: some EventLoop) {
        let now = eventLoop.now
        // An earlier deadline may have taken this callback's place.
        guard let scheduledFor, scheduledFor <= now else { return }
        self.scheduledFor = nil
        guard let deadline else { return }
        guard deadline <= now else { return schedule(deadline) }
        self.deadline = nil
        action?()
    }
}
