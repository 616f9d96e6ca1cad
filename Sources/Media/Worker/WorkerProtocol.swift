internal import Foundation
internal import Glibc

/// What a worker is asked to do with one file.
struct WorkerJob: Codable {
    /// The received bytes.
    let input: String
    /// Their MIME type.
    let type: String
    let limits: MediaLimits
    let ffmpeg: FFmpegTools?

    /// Where a result goes: beside the input.
    func output(_ suffix: String) -> String { input + suffix }
}

/// What a worker answers.
enum WorkerAnswer: Codable {
    /// Said once, when it is bound to its limits: it waits for jobs.
    case ready
    case processed(ProcessedMedia)
    /// There is no room for the results.
    case storageFull
    /// Something else than the picture was at fault.
    case failed(String)
}

/// One line of JSON a message, over a stream socket: a job one way, its answer the other.
struct WorkerChannel {
    let descriptor: Int32
    private var buffer: [UInt8] = []
    /// Paths and a few numbers: no honest line is longer.
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

    /// Waits for the next message, until `deadline` where there is one.
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
