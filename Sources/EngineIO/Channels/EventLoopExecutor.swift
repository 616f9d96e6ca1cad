public import NIOCore

/// Runs a task's asynchronous work on an event loop. The work for a connection stays on its thread, because a thread
/// switch costs more than most of that work.
///
/// The work must not block. It yields to other work at each `await` that suspends.
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
