import Foundation
import Glibc
import Logging
import NIOCore
import NIOPosix

@testable import Media

/// A store and its workers in a directory of their own, for the time of one test.
struct MediaBench {
    let store: BlobStore
    let workers: MediaWorkers
    let directory: String

    /// What libvips's, ffmpeg's and exiftool's commands make is kept here for all tests of this run.
    static let fixtures = temporaryDirectory()

    /// - Parameter disk: the size of a disk of its own, in megabytes. Only root may mount one.
    static func run(
        disk: Int? = nil, configure: (inout MediaConfiguration) -> Void = { _ in },
        body: (MediaBench) async throws -> Void
    ) async throws {
        let directory = temporaryDirectory()
        if let disk { try shell("mount -t tmpfs -o size=\(disk)m tmpfs \(directory)") }
        defer {
            if disk != nil { _ = try? shell("umount \(directory)") }
            try? FileManager.default.removeItem(atPath: directory)
        }
        let threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
        var configuration = MediaConfiguration(
            directory: directory, workerExecutable: worker.path, workerArguments: worker.arguments)
        configure(&configuration)
        let workers = MediaWorkers(
            configuration, logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
        let bench = MediaBench(
            store: try BlobStore(directory: directory, threads: threads), workers: workers, directory: directory)
        do {
            try await body(bench)
        } catch {
            await workers.shutdown()
            try? await threads.shutdownGracefully()
            throw error
        }
        await workers.shutdown()
        try await threads.shutdownGracefully()
    }

    /// Stands beside the test program.
    static let worker: (path: String, arguments: [String]) = {
        let program = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
        let directory = (program as NSString).deletingLastPathComponent
        let host = "\(directory)/media-worker-test-host"
        return FileManager.default.fileExists(atPath: host) ? (host, []) : ("\(directory)/parley", ["media-worker"])
    }()

    static func temporaryDirectory() -> String {
        let path = NSTemporaryDirectory() + "parley-media-\(UUID().uuidString)"
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    func receive(_ bytes: [UInt8], maxBytes: Int = 1 << 30) async throws -> ReceivedFile {
        let writer = store.makeWriter(UUID(), maxBytes: maxBytes)
        try await writer.write(ByteBuffer(bytes: bytes))
        return try await writer.finish()
    }

    /// Receives and processes.
    func process(_ bytes: [UInt8]) async throws -> Outcome {
        let file = try await receive(bytes)
        let media = try await workers.process(file)
        try await store.commit(file, media)
        try await store.discard(file)
        let variant: BlobVariant = media.audience == .everyone ? .served : .ownerOnly
        return Outcome(media: media, file: file, served: try read(store.path(of: file.sha256, variant)), store: store)
    }
}

extension MediaWorkers {
    /// For a user who has nothing else.
    func process(_ file: ReceivedFile) async throws -> ProcessedMedia { try await process(file, of: UUID()) }
}

/// What became of an upload.
struct Outcome {
    let media: ProcessedMedia
    let file: ReceivedFile
    /// The bytes that others, or only the owner, get.
    let served: [UInt8]
    let store: BlobStore

    func thumbnail(_ size: ThumbnailSize) throws -> [UInt8] {
        try read(store.path(of: file.sha256, .thumbnail(size)))
    }
}

/// What a worker and the processes of its jobs have used: proc_pid_stat(5), fields 14 to 17, in hundredths of a second.
func cpuSeconds(of worker: pid_t) throws -> Double {
    let text = try String(contentsOfFile: "/proc/\(worker)/stat", encoding: .utf8)
    let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
    return fields.dropFirst(11).prefix(4).reduce(0) { $0 + (Double($1) ?? 0) } / 100
}

/// What this thread has used: a bound on it holds on a busy machine too.
func threadCPUSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

func read(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

/// Makes a file with shell commands, in which `$out` is its path; the same name is made once.
func fixture(_ name: String, _ commands: String) throws -> [UInt8] {
    let path = "\(MediaBench.fixtures)/\(name)"
    if !FileManager.default.fileExists(atPath: path) {
        let temporary = "\(MediaBench.fixtures)/\(UUID().uuidString)-\(name)"
        try shell(commands, out: temporary)
        guard rename(temporary, path) == 0 else { throw ShellFailure(commands: commands, status: -1) }
    }
    return try read(path)
}

struct ShellFailure: Error {
    let commands: String
    let status: Int32
}

@discardableResult
func shell(_ commands: String, out: String = "") throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-ec", commands]
    process.environment = ProcessInfo.processInfo.environment.merging(["out": out]) { $1 }
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        throw ShellFailure(commands: commands, status: process.terminationStatus)
    }
    return text
}

extension [UInt8] {
    func contains(_ text: String) -> Bool { firstRange(of: Array(text.utf8)) != nil }

    var asFile: String {
        get throws {
            let path = "\(MediaBench.fixtures)/\(UUID().uuidString)"
            try Data(self).write(to: URL(fileURLWithPath: path))
            return path
        }
    }
}

/// The pictures that the tests start from: a photo-like one with a red top left corner, and every kind of metadata on it.
enum Photos {
    static let secrets = ["SecretCam", "SecretCity", "SecretTown", "SecretComment"]

    /// 800 × 600, stored so that `orientation` shows it upright or not.
    static func jpeg(orientation: Int = 1) throws -> [UInt8] {
        let plain = try plainPNG()
        return try fixture(
            "o\(orientation).jpg",
            """
            vips copy \(plain.path) "$out.jpg"; mv "$out.jpg" "$out"
            exiftool -q -overwrite_original -n -Orientation=\(orientation) -GPSLatitude=48.8584 -GPSLatitudeRef=N \
            -GPSLongitude=2.2945 -GPSLongitudeRef=E -Make=SecretCam -XMP:City=SecretCity -IPTC:City=SecretTown \
            -Comment=SecretComment "$out"
            """)
    }

    /// A file that libvips's command converts from the photo above, metadata and all.
    static func converted(to type: String) throws -> [UInt8] {
        _ = try jpeg()
        return try fixture(
            "photo.\(type)", "vips copy \(MediaBench.fixtures)/o1.jpg \"$out.\(type)\"; mv \"$out.\(type)\" \"$out\"")
    }

    private static func plainPNG() throws -> (bytes: [UInt8], path: String) {
        let bytes = try fixture(
            "plain.png",
            """
            vips gaussnoise "$out.n.v" 800 600 --sigma 20 --seed 1
            vips bandjoin "$out.n.v $out.n.v $out.n.v" "$out.b.v"
            vips cast "$out.b.v" "$out.c.v" uchar
            vips draw_rect "$out.c.v" "255 0 0" 0 0 200 150 --fill
            vips copy "$out.c.v" "$out.png" --interpretation srgb
            mv "$out.png" "$out"; rm "$out".*.v
            """)
        return (bytes, "\(MediaBench.fixtures)/plain.png")
    }
}
