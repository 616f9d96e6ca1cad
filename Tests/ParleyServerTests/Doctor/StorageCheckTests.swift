import Foundation
import Testing

@testable import ParleyServer

struct StorageCheckTests {
    @Test func `a secret that others can read is an error`() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: file) }
        try Data("secret".utf8).write(to: file)
        func severity(_ mode: Int, mayBeReadBy bits: mode_t = 0) throws -> Finding.Severity? {
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file.path)
            return StorageCheck.permissions(of: file, topic: "secret", mayBeReadBy: bits)?.severity
        }
        #expect(try severity(0o600) == .fine)
        #expect(try severity(0o640) == .error)
        #expect(try severity(0o640, mayBeReadBy: 0o040) == .fine)
        #expect(try severity(0o644, mayBeReadBy: 0o040) == .error)
        #expect(StorageCheck.permissions(of: URL(filePath: "/nowhere"), topic: "secret") == nil)
    }

    @Test func `a disk is full before uploads are refused`() {
        #expect(StorageCheck.room(free: 50 << 30, of: 100 << 30, inodes: 1 << 20).severity == .fine)
        #expect(StorageCheck.room(free: 9 << 30, of: 100 << 30, inodes: 1 << 20).severity == .warning)
        #expect(StorageCheck.room(free: 511 << 20, of: 100 << 30, inodes: 1 << 20).severity == .error)
        #expect(StorageCheck.room(free: 50 << 30, of: 100 << 30, inodes: 9_999).severity == .warning)
        #expect(StorageCheck.room(free: 50 << 30, of: 100 << 30, inodes: 0).severity == .fine)
    }

    @Test func `a disk that flushes too fast or too slowly is named`() {
        func severity(_ duration: Duration) -> Finding.Severity {
            StorageCheck.flushing(duration, topic: "fsync", what: "flushing a file").severity
        }
        #expect(severity(.microseconds(5)) == .warning)
        #expect(severity(.microseconds(500)) == .fine)
        #expect(severity(.milliseconds(30)) == .warning)
    }
}
