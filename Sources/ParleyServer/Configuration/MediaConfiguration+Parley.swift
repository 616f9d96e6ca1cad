import Foundation
import Media

extension MediaConfiguration {
    static func parley(_ configuration: ServerConfiguration) -> MediaConfiguration {
        var media = MediaConfiguration(
            // It may be a link to where several servers have their files. No file is opened through a link.
            directory: configuration.uploadsDirectory.resolvingSymlinksInPath().path,
            workerExecutable: CommandLine.executablePath, workerArguments: [MediaWorker.argument])
        media.ioThreads = configuration.concurrency.fileThreads
        media.workers = configuration.concurrency.mediaWorkers
        // A cleaned file may be somewhat larger than it came: in another container, or encoded again.
        media.limits.fileBytes = max(media.limits.fileBytes, 2 * configuration.maxUploadBytes)
        return media
    }
}

extension CommandLine {
    /// This program, whatever name it was started by.
    fileprivate static var executablePath: String {
        (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? arguments[0]
    }
}
