import Foundation
import Logging
import Media
import NIOCore
import NIOPosix

/// The decoders: each format is decoded by a real worker, and ffmpeg and clamd are looked for.
enum DecoderCheck {
    /// A picture of 16 pixels a side in each format.
    private static let samples = [
        (
            "JPEG",
            """
            /9j/2wBDABALDA4MChAODQ4SERATGCgaGBYWGDEjJR0oOjM9PDkzODdASFxOQERXRTc4UG1RV19iZ2hnPk1xeXBkeFxlZ2P/2wBD\
            ARESEhgVGC8aGi9jQjhCY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2NjY2P/wAARCAAQABAD\
            ASIAAhEBAxEB/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEG\
            E1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4\
            eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6\
            /8QAHwEAAwEBAQEBAQEBAQAAAAAAAAECAwQFBgcICQoL/8QAtREAAgECBAQDBAcFBAQAAQJ3AAECAxEEBSExBhJBUQdhcRMiMoEI\
            FEKRobHBCSMzUvAVYnLRChYkNOEl8RcYGRomJygpKjU2Nzg5OkNERUZHSElKU1RVVldYWVpjZGVmZ2hpanN0dXZ3eHl6goOEhYaH\
            iImKkpOUlZaXmJmaoqOkpaanqKmqsrO0tba3uLm6wsPExcbHyMnK0tPU1dbX2Nna4uPk5ebn6Onq8vP09fb3+Pn6/9oADAMBAAIR\
            AxEAPwDz+iiigD//2Q==
            """
        ),
        (
            "PNG",
            """
            iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAEElEQVQoz2NgGAWjYBTAAAAD\
            EAABaJFtwwAAAABJRU5ErkJggg==
            """
        ),
        (
            "GIF",
            """
            R0lGODlhEAAQAIAAAEdwTAAAACH/C05FVFNDQVBFMi4wAwEAAAAh+QQFAAAAACwAAAAAEAAQAAACDoyPqcvtD6OctNqLsz4FADs=
            """
        ),
        (
            "WebP",
            """
            UklGRvgAAABXRUJQVlA4WAoAAAAIAAAADwAADwAAVlA4IBgAAAAwAQCdASoQABAAAgA0JaQAA3AA/vv9UABFWElGugAAAEV4aWYA\
            AElJKgAIAAAABgASAQMAAQAAAAEAAAAaAQUAAQAAAFYAAAAbAQUAAQAAAF4AAAAoAQMAAQAAAAIAAAATAgMAAQAAAAEAAABphwQA\
            AQAAAGYAAAAAAAAAOGMAAOgDAAA4YwAA6AMAAAYAAJAHAAQAAAAwMjEwAZEHAAQAAAABAgMAAKAHAAQAAAAwMTAwAaADAAEAAAD/\
            /wAAAqAEAAEAAAAQAAAAA6AEAAEAAAAQAAAAAAAAAA==
            """
        ),
        (
            "TIFF",
            """
            SUkqADgAAACAACBQOCQWDQeEQmFQuGQ2HQ+IRGJROKRWLReMRmNRuOR2PR+QSGRSOSSWTRuAgAAQAAABAwABAAAAEAAAAAEBAwAB\
            AAAAEAAAAAIBAwADAAAADgEAAAMBAwABAAAABQAAAAYBAwABAAAAAgAAABEBBAABAAAACAAAABIBAwABAAAAAQAAABUBAwABAAAA\
            AwAAABYBAwABAAAAgAAAABcBBAABAAAALwAAABoBBQABAAAA/gAAABsBBQABAAAABgEAABwBAwABAAAAAQAAACgBAwABAAAAAwAA\
            AD0BAwABAAAAAgAAAFMBAwADAAAAFAEAAAAAAAAKAAAAAQAAAAoAAAABAAAACAAIAAgAAQABAAEA
            """
        ),
        (
            "HEIC",
            """
            AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAa1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA\
            AA5waXRtAAAAAAACAAAAEGlkYXQAAAAAABAAEAAAADhpbG9jAQAAAERAAAIAAQAAAAAAAAHRAAEAAAAAAAAAKwACAAEAAAAAAAAA\
            AQAAAAAAAAAIAAAAOGlpbmYAAAAAAAIAAAAVaW5mZQIAAAEAAQAAaHZjMQAAAAAVaW5mZQIAAAAAAgAAZ3JpZAAAAADYaXBycAAA\
            ALZpcGNvAAAAdmh2Y0MBA3AAAAAAAAAAAAAe8AD8/fj4AAAPAyAAAQAYQAEMAf//A3AAAAMAkAAAAwAAAwAeugJAIQABACpCAQED\
            cAAAAwCQAAADAAADAB6gIIEFluqumubgQEDAgAAAAwCAAAADAIQiAAEABkQBwXPBiQAAABRpc3BlAAAAAAAAAEAAAABAAAAAFGlz\
            cGUAAAAAAAAAEAAAABAAAAAQcGl4aQAAAAADCAgIAAAAGmlwbWEAAAAAAAAAAgABAoECAAICA4QAAAAaaXJlZgAAAAAAAAAOZGlt\
            ZwACAAEAAQAAADNtZGF0AAAAJygBrxMhMZb4TlCn//1nhc0MlUxauU+lc90KUJNyfrj+8oeTxWKC4A==
            """
        ),
        (
            "AVIF",
            """
            AAAAHGZ0eXBhdmlmAAAAAGF2aWZtaWYxbWlhZgAAAOptZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAA\
            AA5waXRtAAAAAAABAAAAImlsb2MAAAAAREAAAQABAAAAAAEOAAEAAAAAAAAAGQAAACNpaW5mAAAAAAABAAAAFWluZmUCAAAAAAEA\
            AGF2MDEAAAAAamlwcnAAAABLaXBjbwAAABNjb2xybmNseAACAAIABoAAAAAMYXYxQ4EADAAAAAAUaXNwZQAAAAAAAAAQAAAAEAAA\
            ABBwaXhpAAAAAAMICAgAAAAXaXBtYQAAAAAAAAABAAEEgYIDhAAAACFtZGF0EgAKCRgM/9ggQEDQgDIKGAAAAEAAqY5ZpA==
            """
        ),
    ]

    static func findings(_ configuration: ServerConfiguration, logger: Logger) async -> [Finding] {
        [await formats(configuration, logger: logger), films, documents] + (await scanner(configuration))
    }

    private static func formats(_ configuration: ServerConfiguration, logger: Logger) async -> Finding {
        let topic = "pictures"
        let advice = "install libvips42 with its recommended packages, and look at the log"
        do {
            let missing = try await missingFormats(configuration, logger: logger)
            guard !missing.isEmpty else {
                return .fine(topic, samples.map(\.0).joined(separator: ", ") + " are decoded")
            }
            return .error(topic, missing.joined(separator: ", ") + " cannot be decoded", do: advice)
        } catch {
            return .error(topic, "no worker can be started: \(error)", do: advice)
        }
    }

    private static func missingFormats(_ configuration: ServerConfiguration, logger: Logger) async throws -> [String] {
        let directory = FileManager.default.temporaryDirectory.appending(path: "parley-doctor-\(UUID().uuidString)")
        try FileManager.default.createDirectory(
            at: directory, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        defer { try? FileManager.default.removeItem(at: directory) }
        var media = MediaConfiguration.parley(configuration)
        media.directory = directory.path
        let threads = NIOThreadPool(numberOfThreads: 1)
        threads.start()
        let workers = MediaWorkers(media, logger: logger)
        var missing: [String] = []
        do {
            try Sniffer.prepare(threads: 1)
            let store = try BlobStore(directory: directory.path, threads: threads)
            for (name, text) in samples where try await !isDecoded(text, store, workers) { missing.append(name) }
        } catch {
            await workers.shutdown()
            try? await threads.shutdownGracefully()
            throw error
        }
        await workers.shutdown()
        try? await threads.shutdownGracefully()
        return missing
    }

    private static func isDecoded(_ text: String, _ store: BlobStore, _ workers: MediaWorkers) async throws -> Bool {
        guard let data = Data(base64Encoded: text) else { return false }
        let writer = store.makeWriter(UUID(), maxBytes: data.count)
        try await writer.write(ByteBuffer(bytes: data))
        let media = try await workers.process(try await writer.finish(), of: UUID())
        return media.kind == .image && media.width == 16 && media.blurhash != nil
    }

    private static var films: Finding {
        MediaTools.find().ffmpeg == nil
            ? .warning(
                "films", "ffmpeg is not installed: films and sounds have no length and no preview",
                do: "apt-get install ffmpeg")
            : .fine("films", "ffmpeg and ffprobe are there")
    }

    private static var documents: Finding {
        MediaTools.find().pdftoppm == nil
            ? .warning(
                "documents", "pdftoppm is not installed: PDFs have no picture", do: "apt-get install poppler-utils")
            : .fine("documents", "pdftoppm is there")
    }

    private static func scanner(_ configuration: ServerConfiguration) async -> [Finding] {
        guard let address = configuration.clamdAddress else { return [] }
        guard let clamd = ClamdScanner(address: address, timeoutSeconds: 5) else {
            return [.error("clamd", "CLAMD_ADDRESS: \(address) is no address", do: "use host:port or a socket's path")]
        }
        let file = FileManager.default.temporaryDirectory.appending(path: "parley-doctor-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        let finding: Finding
        do {
            try Data("harmless".utf8).write(to: file)
            _ = try await clamd.scan(path: file.path)
            finding = .fine("clamd", "\(address) scans files")
        } catch {
            finding = .error("clamd", "\(address): \(error)", do: "start clamd, or correct CLAMD_ADDRESS")
        }
        await clamd.shutdown()
        return [finding]
    }
}
