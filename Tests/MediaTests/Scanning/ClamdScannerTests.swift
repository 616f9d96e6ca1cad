import Foundation
import Glibc
import Testing

@testable import Media

/// A clamd that speaks INSTREAM for one connection.
private final class FakeClamd: Sendable {
    let path: String
    private let listener: Int32

    init() throws {
        path = MediaBench.temporaryDirectory() + "/clamd.sock"
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafeBytes(of: &address) { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) { bind(listener, $0.baseAddress, socklen_t(bytes.count)) }
        }
        try #require(bound == 0 && listen(listener, 1) == 0)
    }

    deinit { close(listener) }

    /// Answers one scan with what `reply` makes of the streamed bytes, on a thread of its own.
    func serve(_ reply: @escaping @Sendable ([UInt8]) -> String) {
        Thread.detachNewThread { [listener] in
            let peer = accept(listener, nil, nil)
            defer { close(peer) }
            func take(_ count: Int) -> [UInt8] {
                var bytes: [UInt8] = []
                while bytes.count < count {
                    var chunk = [UInt8](repeating: 0, count: count - bytes.count)
                    let got = read(peer, &chunk, chunk.count)
                    if got <= 0 { break }
                    bytes += chunk[..<got]
                }
                return bytes
            }
            guard take(10) == Array("zINSTREAM\0".utf8) else { return }
            var streamed: [UInt8] = []
            while case let length = take(4).reduce(0, { $0 << 8 | Int($1) }), length > 0 { streamed += take(length) }
            let answer = Array((reply(streamed) + "\0").utf8)
            _ = write(peer, answer, answer.count)
        }
    }
}

@Suite struct ClamdScannerTests {
    @Test func everyByteIsStreamedAndTheVerdictIsRead() async throws {
        let clamd = try FakeClamd()
        let scanner = try #require(ClamdScanner(address: clamd.path))
        var random = SeededRandom(seed: 5)
        let bytes = random.bytes(600_000)
        let path = try bytes.asFile
        clamd.serve { $0 == bytes ? "stream: OK" : "stream: other bytes ERROR" }
        #expect(try await scanner.scan(path: path) == .clean)
        clamd.serve { _ in "stream: Eicar-Test-Signature FOUND" }
        #expect(try await scanner.scan(path: path) == .infected("Eicar-Test-Signature"))
        clamd.serve { _ in "INSTREAM size limit exceeded. ERROR" }
        await #expect(throws: ScanError.tooLarge) { try await scanner.scan(path: path) }
        clamd.serve { _ in "stream: Can't create temporary file ERROR" }
        await #expect(throws: ScanError.refused("Can't create temporary file ERROR")) {
            try await scanner.scan(path: path)
        }
        await scanner.shutdown()
    }

    @Test func aSilentOrAbsentClamdIsUnreachable() async throws {
        let path = try [UInt8](repeating: 1, count: 10).asFile
        let silent = try FakeClamd()
        for address in [silent.path, "/nonexistent/clamd.sock", "127.0.0.1:1"] {
            let scanner = try #require(ClamdScanner(address: address, timeoutSeconds: 1))
            await #expect { try await scanner.scan(path: path) } throws: {
                if case .unreachable = $0 as? ScanError { true } else { false }
            }
            await scanner.shutdown()
        }
    }

    @Test func addressesAreParsed() {
        #expect(ClamdAddress("127.0.0.1:3310") == .tcp(host: "127.0.0.1", port: "3310"))
        #expect(ClamdAddress("[::1]:3310") == .tcp(host: "::1", port: "3310"))
        #expect(ClamdAddress("/run/clamd.sock") == .unix(path: "/run/clamd.sock"))
        #expect(ClamdAddress("clamd") == nil)
        #expect(ClamdAddress("clamd:99999") == nil)
    }
}
