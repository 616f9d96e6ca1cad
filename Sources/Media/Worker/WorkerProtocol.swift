internal import CSandbox
internal import Foundation
internal import Glibc

/// A worker's task for one file. The job's directory is sent with it as a descriptor.
struct WorkerJob: Codable {
    /// The MIME type of the received bytes.
    let type: String
    let limits: MediaLimits
    let tools: MediaTools
    /// Whether the picture is only to be written as JPEG, which is then the cleaned file.
    var makesJPEG = false
    /// A web page, of which only is to be said what it says of itself.
    var page: Page?

    struct Page: Codable {
        /// What the page's server says of its encoding.
        let charset: String?
    }

    /// Whether everybody gets the file as it was received, and only its picture is made.
    var isDocument: Bool {
        if case .document = MediaType(mime: type) { true } else { false }
    }

    // All paths are inside the job's directory.

    /// The received bytes.
    var input: String { CSANDBOX_INPUT }

    /// The path of a result.
    static func output(_ suffix: String) -> String { "\(CSANDBOX_RESULTS)/file\(suffix)" }
    func output(_ suffix: String) -> String { Self.output(suffix) }

    /// The path of a tool's standard output.
    static let toolOutput = "\(CSANDBOX_RESULTS)/output"
}

/// A worker's answer.
enum WorkerAnswer: Codable {
    /// Sent once: the worker waits for jobs.
    case ready
    case processed(ProcessedMedia)
    case page(PageFacts)
    /// There is no space for the results.
    case storageFull
    /// The job's process ended without an answer: by a signal, if it is not 0.
    case crashed(signal: Int32)
    /// The job could do nothing with the file, and would not another time.
    case unprocessed(String)
    /// The failure had another cause than the file.
    case failed(String)
}

/// A message from a job's process to the host.
enum JobMessage: Codable {
    case tool(ToolRun)
    case answer(WorkerAnswer)
}

/// A run of one of the tools. It has the job's limits, so the job may choose the arguments.
struct ToolRun: Codable {
    enum Tool: String, Codable { case ffmpeg, ffprobe, pdftoppm }
    struct End: Codable { let status: Int32 }

    let tool: Tool
    let arguments: [String]
}

extension MediaTools {
    func path(of tool: ToolRun.Tool) -> String? {
        switch tool {
        case .ffmpeg: ffmpeg?.ffmpeg
        case .ffprobe: ffmpeg?.ffprobe
        case .pdftoppm: pdftoppm
        }
    }
}

/// Exchanges messages over a stream socket, each a line of JSON: jobs one way, answers the other.
struct WorkerChannel {
    let descriptor: Int32
    private var buffer: [UInt8] = []
    /// Lines hold paths and a few numbers, so no honest one is longer.
    private static let maxLine = 64 * 1024

    init(descriptor: Int32) { self.descriptor = descriptor }

    enum Failure: Error { case closed, timedOut, malformed }

    func send(_ message: some Encodable) throws {
        let line = try JSONEncoder().encode(message) + [0x0A]
        try line.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
                let count = Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { throw Failure.closed }
                sent += count
            }
        }
    }

    /// Waits for the next message, until `deadline` if there is one.
    mutating func receive<Message: Decodable>(_: Message.Type, deadline: ContinuousClock.Instant?) throws -> Message {
        while true {
            if let end = buffer.firstIndex(of: 0x0A) {
                let line = Data(buffer[..<end])
                buffer.removeSubrange(...end)
                guard let message = try? JSONDecoder().decode(Message.self, from: line) else { throw Failure.malformed }
                return message
            }
            guard buffer.count <= Self.maxLine else { throw Failure.malformed }
            try waitUntilReadable(deadline)
            try readMore()
        }
    }

    private func waitUntilReadable(_ deadline: ContinuousClock.Instant?) throws {
        while true {
            var timeout: Int32 = -1
            if let deadline {
                let left = (deadline - .now).components
                timeout = Int32(clamping: max(0, left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000))
            }
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = poll(&entry, 1, timeout)
            if ready > 0 { return }
            if ready == 0 { throw Failure.timedOut }
            guard errno == EINTR else { throw Failure.closed }
        }
    }

    private mutating func readMore() throws {
        var chunk = [UInt8](repeating: 0, count: 4096)
        let count = read(descriptor, &chunk, chunk.count)
        if count < 0 && errno == EINTR { return }
        guard count > 0 else { throw Failure.closed }
        buffer += chunk[..<count]
    }
}
