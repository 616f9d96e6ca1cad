import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import Media

@Suite struct ObjectCacheTests {
    /// Nobody tells a server what another one has deleted.
    @Test func whatIsOldLeavesTheDiskAlsoAfterARestart() async throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let threads = NIOThreadPool(numberOfThreads: 1)
        threads.start()
        let staging = try BlobStore(directory: "\(directory)/uploads", threads: threads)
        let cache = ObjectCache(directory: "\(directory)/cache", maxBytes: 1 << 20, staging: staging)
        try await cache.prepare()
        let fetch: @Sendable () async throws -> ByteBuffer = { ByteBuffer(string: "bytes") }
        _ = try await cache.reader(of: "ab/one", fetch)
        try await staging.blocking {}
        let file = "\(directory)/cache/on/one,5"
        #expect(FileManager.default.fileExists(atPath: file))
        try await cache.forgetOld(now: Date() + ObjectCache.maxAge - 60)
        #expect(FileManager.default.fileExists(atPath: file))

        let restarted = ObjectCache(directory: "\(directory)/cache", maxBytes: 1 << 20, staging: staging)
        try await restarted.prepare()
        try await restarted.forgetOld(now: Date() + ObjectCache.maxAge + 60)
        #expect(!FileManager.default.fileExists(atPath: file))
        guard case .bytes = try await restarted.reader(of: "ab/one", fetch) else {
            Issue.record("it is not fetched again")
            return
        }
        try await threads.shutdownGracefully()
    }
}
