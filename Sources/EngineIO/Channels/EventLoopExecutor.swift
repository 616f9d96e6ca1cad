public import NIOCore

/// Runs the asynchronous work of a task on an event loop: what belongs to a connection then stays on its thread, where
/// a change of threads would cost more than most of that work.
///
/// What runs there must not block, and gives way to others at each `await` that waits.
public final class EventLoopExecutor: TaskExecutor {
    private let eventLoop: any EventLoop

    public init(_ eventLoop: any EventLoop) {
        self.eventLoop = eventLoop
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
