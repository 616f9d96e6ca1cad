internal import Foundation
internal import Glibc
internal import NIOPosix
internal import Synchronization

/// Asks clamd whether a file is infected, with the INSTREAM command of clamd(8) over TCP or a Unix socket.
public final class ClamdScanner: Sendable {
    private let address: ClamdAddress
    private let timeout: Int
    private let threads: NIOThreadPool
    private let admitted = Mutex(0)
    private static let maxAdmitted = 64

    /// nil unless `address` is `host:port`, `[v6]:port` or the path of a socket. `timeoutSeconds` limits connecting and
    /// each later wait for clamd.
    public init?(address: String, timeoutSeconds: Int = 30) {
        guard let address = ClamdAddress(address) else { return nil }
        self.address = address
        timeout = timeoutSeconds
        threads = NIOThreadPool(numberOfThreads: 2)
        threads.start()
    }

    public func scan(path: String) async throws -> ScanVerdict {
        try admitted.withLock { count in
            guard count < Self.maxAdmitted else { throw ScanError.busy }
            count += 1
        }
        defer { admitted.withLock { $0 -= 1 } }
        return try await threads.runIfActive { [address, timeout] in
            let file = try OpenFile(path, O_RDONLY)
            let connection = try ClamdConnection(address, timeoutSeconds: timeout)
            return try connection.scan(file)
        }
    }

    public func shutdown() async { try? await threads.shutdownGracefully() }
}

/// One connection, for one scan. Blocks.
private final class ClamdConnection {
    private let descriptor: Int32
    private static let chunkSize = 256 * 1024

    init(_ address: ClamdAddress, timeoutSeconds: Int) throws {
        descriptor = try address.connect(timeoutSeconds: timeoutSeconds)
    }

    deinit { close(descriptor) }

    /// Sends chunks with their length in front. An empty one ends the stream.
    func scan(_ file: OpenFile) throws -> ScanVerdict {
        do {
            try send(Array("zINSTREAM\0".utf8))
            var offset = 0
            while case let chunk = try file.read(count: Self.chunkSize, at: offset), !chunk.isEmpty {
                try send(withUnsafeBytes(of: UInt32(chunk.count).bigEndian) { [UInt8]($0) } + chunk)
                offset += chunk.count
            }
            try send([0, 0, 0, 0])
        } catch let error as ScanError {
            // clamd reports a file above its limit and then closes the connection.
            guard let reply = try? receive(), !reply.isEmpty else { throw error }
            return try Self.verdict(reply)
        }
        return try Self.verdict(try receive())
    }

    private static func verdict(_ reply: String) throws -> ScanVerdict {
        let text = reply.hasPrefix("stream: ") ? String(reply.dropFirst("stream: ".count)) : reply
        if text == "OK" { return .clean }
        if text.hasSuffix(" FOUND") { return .infected(String(text.dropLast(" FOUND".count))) }
        if text.hasPrefix("INSTREAM size limit exceeded") { throw ScanError.tooLarge }
        throw text.isEmpty ? ScanError.unreachable("clamd closed the connection") : ScanError.refused(text)
    }

    private func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw ScanError.unreachable("write: \(String(cString: strerror(errno)))") }
            sent += count
        }
    }

    private func receive() throws -> String {
        var reply: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1024)
        while reply.count < 4096, !reply.contains(0) {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw ScanError.unreachable("read: \(String(cString: strerror(errno)))") }
            if count == 0 { break }
            reply += chunk[..<count]
        }
        return String(decoding: reply.prefix { $0 != 0 }, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
