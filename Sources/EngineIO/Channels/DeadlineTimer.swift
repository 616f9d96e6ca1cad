package import NIOCore

/// A timer whose deadline moves often. Canceling would search the event loop's queue, so the timer checks its deadline
/// again when it fires.
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

    /// Moves the deadline. nil switches the timer off.
    package func set(_ deadline: NIODeadline?) {
        self.deadline = deadline
        guard let deadline, action != nil else { return }
        if let scheduledFor, scheduledFor <= deadline { return }
        schedule(deadline)
    }

    /// Stops for good, and releases the action.
    package func stop() {
        action = nil
        deadline = nil
    }

    private func schedule(_ deadline: NIODeadline) {
        scheduledFor = deadline
        // Scheduling fails only after the event loop has shut down. Nothing needs a timer then.
        _ = try? eventLoop.scheduleCallback(at: deadline, handler: self)
    }

    package func handleScheduledCallback(eventLoop: some EventLoop) {
        let now = eventLoop.now
        // An earlier deadline may have replaced this callback.
        guard let scheduledFor, scheduledFor <= now else { return }
        self.scheduledFor = nil
        guard let deadline else { return }
        guard deadline <= now else { return schedule(deadline) }
        self.deadline = nil
        action?()
    }
}
