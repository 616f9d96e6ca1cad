import Foundation
import Testing

@testable import ParleyServer

@Suite struct NodeFilesTests {
    private func withDirectory(_ body: (URL) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "parley-node-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        try body(directory)
    }

    private func open(_ storage: URL, uploads: URL? = nil, machine: String = "one") throws -> NodeFiles {
        try NodeFiles(storage: storage, uploads: uploads ?? storage.appending(path: "uploads"), machine: machine)
    }

    @Test func aStorageIsKnownAgain() throws {
        try withDirectory { directory in
            let first = try open(directory)
            #expect(first.formerNumber == nil)
            try first.remember(number: 7)
            let second = try open(directory)
            #expect(second.storage == first.storage && second.files == first.files && second.formerNumber == 7)
            try second.remember(number: 8)
            #expect(try open(directory).formerNumber == 8)
        }
    }

    @Test func aCopyIsAnotherStorage() throws {
        try withDirectory { directory in
            let (one, other) = (directory.appending(path: "one"), directory.appending(path: "other"))
            try FileManager.default.createDirectory(at: one, withIntermediateDirectories: true)
            let original = try open(one)
            try original.remember(number: 7)
            try FileManager.default.copyItem(at: one, to: other)
            let copy = try open(other)
            #expect(copy.storage != original.storage && copy.formerNumber == nil)
        }
    }

    /// Its inodes are those of the original.
    @Test func aClonedDiskIsAnotherStorage() throws {
        try withDirectory { directory in
            let original = try open(directory)
            try original.remember(number: 7)
            let clone = try open(directory, machine: "other")
            #expect(clone.storage != original.storage && clone.formerNumber == nil)
            try clone.remember(number: 8)
            #expect(try open(directory, machine: "other").storage == clone.storage)
        }
    }

    @Test func aMachineHasOneWord() {
        #expect(!NodeFiles.machine.isEmpty && !NodeFiles.machine.contains { $0.isWhitespace })
        #expect(!NodeFiles.hostName.isEmpty)
    }

    @Test func theFileOfTheReleaseBeforeIsRead() throws {
        try withDirectory { directory in
            let original = try open(directory)
            try original.remember(number: 7)
            let path = directory.appending(path: "node").path
            let text = try String(contentsOfFile: path, encoding: .utf8)
            // In place: with the same inode.
            let file = try #require(FileHandle(forWritingAtPath: path))
            try file.truncate(atOffset: 0)
            try file.write(contentsOf: Data(text.split(separator: " ").prefix(3).joined(separator: " ").utf8))
            try file.close()
            #expect(try open(directory, machine: "other").storage == original.storage)
        }
    }

    @Test func serversThatShareUploadsFindTheSameMark() throws {
        try withDirectory { directory in
            let uploads = directory.appending(path: "shared")
            let (one, other) = (directory.appending(path: "one"), directory.appending(path: "other"))
            for storage in [one, other] {
                try FileManager.default.createDirectory(at: storage, withIntermediateDirectories: true)
            }
            #expect(try open(one, uploads: uploads).files == open(other, uploads: uploads).files)
            #expect(try open(one, uploads: uploads).storage != open(other, uploads: uploads).storage)
            #expect(try open(one).files != open(one, uploads: uploads).files)
            let names = try FileManager.default.contentsOfDirectory(atPath: uploads.path)
            #expect(names == [".id"])
        }
    }

    @Test func adirectoryThatCannotBeWrittenIsNamed() throws {
        try withDirectory { directory in
            let file = directory.appending(path: "file")
            try Data().write(to: file)
            #expect(throws: OperatorError.self) { try open(directory, uploads: file.appending(path: "uploads")) }
        }
    }
}
