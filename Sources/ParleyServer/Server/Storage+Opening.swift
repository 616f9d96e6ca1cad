import Chat
import Foundation
import Logging
import Media
import NIOPosix
import ObjectStorage

extension Storage {
    /// Runs `body` with the files, the media workers and the virus scanner, and ends them whatever becomes of it.
    static func withWorkers(
        _ configuration: ServerConfiguration, logger: Logger, _ body: (Storage) async throws -> Void
    ) async throws {
        let media = MediaConfiguration.parley(configuration)
        let scanner = try scanner(configuration)
        let files = NIOThreadPool(numberOfThreads: media.ioThreads)
        files.start()
        let workers = MediaWorkers(media, logger: logger)
        let store = configuration.objectStore.map { ObjectStore($0, logger: logger) }
        // So that the metrics and the log are right also while nobody opens a file.
        let watch = store.map { store in
            Task { while (try? await Task.sleep(for: watchPeriod)) != nil { try? await store.check() } }
        }
        let result: Result<Void, any Error>
        do {
            try Sniffer.prepare(threads: media.ioThreads)
            let blobs = try BlobStore(directory: media.directory, threads: files)
            try await body(
                Storage(
                    blobs: blobs, objects: try await objects(store, staging: blobs, configuration, logger: logger),
                    sharesStaging: configuration.sharedStorage, redirects: configuration.mediaRedirect,
                    workers: workers, scanner: scanner, maxBytes: configuration.maxUploadBytes,
                    quotaBytes: configuration.userQuotaBytes))
            result = .success(())
        } catch {
            result = .failure(error)
        }
        await workers.shutdown()
        watch?.cancel()
        await store?.shutdown()
        try? await files.shutdownGracefully()
        try result.get()
    }

    private static let watchPeriod: Duration = .seconds(10)

    /// - Throws: ``OperatorError`` for wrong keys and a wrong bucket. A store that is away may come back.
    private static func objects(
        _ store: ObjectStore?, staging: BlobStore, _ configuration: ServerConfiguration, logger: Logger
    ) async throws -> ObjectContents? {
        guard let store else { return nil }
        do {
            try await store.requireAccess()
        } catch let error as ObjectStoreError {
            logger.warning(
                "the object store is away; files cannot be stored or read before it is back",
                metadata: ["store": "\(store.configuration.name)", "error": "\(error)"])
        }
        guard configuration.cacheBytes > 0 else { return ObjectContents(store, staging: staging, cache: nil) }
        let cache = ObjectCache(
            directory: configuration.storageDirectory.appending(path: "cache").path,
            maxBytes: configuration.cacheBytes, staging: staging)
        try await cache.prepare()
        return ObjectContents(store, staging: staging, cache: cache)
    }

    private static func scanner(_ configuration: ServerConfiguration) throws -> Scanner? {
        guard let address = configuration.clamdAddress else { return nil }
        guard let clamd = ClamdScanner(address: address) else {
            throw OperatorError(
                "CLAMD_ADDRESS: \(address) is neither host:port nor the path of a socket")
        }
        return Scanner(clamd: clamd, isOptional: configuration.clamdUnreachable == .accept)
    }
}

extension ObjectStore {
    /// - Throws: ``OperatorError`` where the store refuses, ``ObjectStoreError`` where it does not answer.
    func requireAccess() async throws {
        do {
            try await check()
        } catch let error as ObjectStoreError {
            switch error.code {
            case .unavailable: throw error
            case .noBucket: throw OperatorError("S3_BUCKET: there is no \(configuration.name)")
            case .notFound, .refused, .rejected, .malformed:
                throw OperatorError("S3_ENDPOINT: \(configuration.name) refuses this server: \(error.detail)")
            }
        }
    }
}
