import Dispatch
import NIOCore
import NIOPosix
import Synchronization
import Testing

@testable import ParleyServer

struct WatchdogTests {
    @Test func `a process whose event loop is stuck does not answer`() async throws {
        let eventLoops = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        let manager = try #require(ServiceManager(environment: ["NOTIFY_SOCKET": "@parley-watchdog-tests"]))
        let watchdog = Watchdog(manager: manager, period: .seconds(30), eventLoops: eventLoops)
        await watchdog.answer()

        let order = Mutex<[String]>([])
        let stuck = DispatchSemaphore(value: 0)
        eventLoops.next().execute {
            stuck.wait()
            order.withLock { $0.append("loop is free") }
        }
        async let answer: Void = {
            await watchdog.answer()
            order.withLock { $0.append("answered") }
        }()
        for _ in 0..<1000 { await Task.yield() }
        stuck.signal()
        await answer
        #expect(order.withLock { $0 } == ["loop is free", "answered"])
        try await eventLoops.shutdownGracefully()
    }
}
