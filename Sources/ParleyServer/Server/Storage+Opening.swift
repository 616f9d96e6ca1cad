import Chat
import Logging
import Media
import NIOPosix

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
        do {
            try Sniffer.prepare(threads: media.ioThreads)
            try await body(
                Storage(
                    blobs: try BlobStore(directory: media.directory, threads: files), workers: workers,
                    scanner: scanner, maxBytes: configuration.maxUploadBytes,
                    quotaBytes: configuration.userQuotaBytes))
        } catch {
            await workers.shutdown()
            try? await files.shutdownGracefully()
            throw error
        }
        await workers.shutdown()
        try? await files.shutdownGracefully()
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
