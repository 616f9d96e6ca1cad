import Foundation
import Testing

@testable import ParleyServer

@Suite struct StorageLockTests {
    private func withDirectory(_ body: (URL) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "parley-lock-\(UUID())")
        defer { try? FileManager.default.removeItem(at: directory) }
        try body(directory)
    }

    @Test func aSecondServerIsRefusedUntilTheFirstIsGone() throws {
        try withDirectory { directory in
            var first: StorageLock? = try StorageLock(directory)
            let error = #expect(throws: OperatorError.self) { try StorageLock(directory) }
            #expect(error?.description == "STORAGE_DIR: another Parley is running on \(directory.path)")
            #expect(first != nil)
            first = nil
            _ = try StorageLock(directory)
        }
    }

    @Test func aNewDirectoryIsItsOwnersAlone() throws {
        try withDirectory { directory in
            let lock = try StorageLock(directory.appending(path: "a/b"))
            let attributes = try FileManager.default.attributesOfItem(atPath: directory.appending(path: "a/b").path)
            #expect(attributes[.posixPermissions] as? Int == 0o700)
            withExtendedLifetime(lock) {}
        }
    }

    @Test func aDirectoryThatCannotBeIsNamed() throws {
        try withDirectory { directory in
            try Data().write(to: directory)
            let error = #expect(throws: OperatorError.self) { try StorageLock(directory) }
            #expect(error?.description.hasPrefix("STORAGE_DIR: \(directory.path) cannot be") == true)
        }
    }
}
