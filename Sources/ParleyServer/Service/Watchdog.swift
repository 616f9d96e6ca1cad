import NIOCore
import ServiceLifecycle

/// Tells the service manager that the process answers, twice in each period. An event loop that is stuck, or no thread
/// left for tasks, ends that, and the service manager restarts the process. A database that is away does not.
struct Watchdog: Service {
    let manager: ServiceManager
    let period: Duration
    let eventLoops: any EventLoopGroup

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await answer()
                manager.notify(.alive)
                try? await Task.sleep(for: period / 2)
            }
        }
    }

    /// Returns when each event loop has run a task.
    func answer() async {
        for eventLoop in eventLoops.makeIterator() { try? await eventLoop.submit {}.get() }
    }
}
