import Foundation
import Testing

@testable import ParleyServer

struct InstallationTests {
    @Test func `a program in bin with its files in share is installed`() throws {
        let prefix = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: prefix) }
        try FileManager.default.createDirectory(
            at: prefix.appending(path: "share/parley/migrations"), withIntermediateDirectories: true)
        let installation = Installation(program: prefix.appending(path: "bin/parley").path)
        #expect(installation.isPackaged)
        #expect(installation.settingsFile == "/etc/parley/parley.env")
        #expect(ServerConfiguration(installation).storageDirectory.path == "/var/lib/parley")
        #expect(
            ServerConfiguration(installation).migrationsDirectory.path
                == prefix.appending(path: "share/parley/migrations").path)
    }

    @Test(arguments: ["/usr/bin/parley", "/src/.build/release/parley", "/usr/bin/other", ""])
    func `any other program is used in place`(program: String) {
        #expect(Installation(program: program) == .inPlace)
    }
}
