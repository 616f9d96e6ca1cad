import Dispatch
import NIOPosix
import Testing

@testable import WebFetch

@Suite struct HostResolverTests {
    /// All spellings of an address that a resolver knows are the address: the guard sees what is meant.
    @Test(arguments: ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "0177.0.0.1"])
    func oddSpellingsAreResolved(host: String) async throws {
        let threads = NIOThreadPool(numberOfThreads: 1)
        threads.start()
        let found = try await SystemResolver(threads: threads).addresses(of: host)
        #expect(found == [try #require(IPAddress("127.0.0.1"))])
        try await threads.shutdownGracefully()
    }

    /// A server that stops does not wait for names.
    @Test func whoIsCancelledDoesNotWait() async throws {
        let threads = NIOThreadPool(numberOfThreads: 1)
        threads.start()
        let free = DispatchSemaphore(value: 0)
        threads.submit { _ in free.wait() }
        let asking = Task { try await SystemResolver(threads: threads).addresses(of: "127.0.0.1") }
        asking.cancel()
        await #expect(throws: CancellationError.self) { try await asking.value }
        free.signal()
        try await threads.shutdownGracefully()
    }

    @Test func whatHasNoAddressIsAnError() async throws {
        let threads = NIOThreadPool(numberOfThreads: 1)
        threads.start()
        await #expect(throws: SystemResolver.Failure.self) {
            try await SystemResolver(threads: threads).addresses(of: "no host at all")
        }
        try await threads.shutdownGracefully()
    }
}
