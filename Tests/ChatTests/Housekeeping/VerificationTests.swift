import ChatModel
import ChatStore
import ChatTesting
import Foundation
import Media
import NIOPosix
import Testing

@testable import Chat

/// Comparing the files on disk with the database, and mending what differs.
@Suite struct VerificationTests {
    /// A database, and a directory for its files.
    private struct Stage {
        let database: TestDatabase
        let blobs: BlobStore
        let owner: UserID

        static func run(_ body: (Stage) async throws -> Void) async throws {
            try await TestDatabase.run { database in
                let directory = FileManager.default.temporaryDirectory.appending(path: "parley-verify-\(UUID())").path
                defer { try? FileManager.default.removeItem(atPath: directory) }
                let threads = NIOThreadPool(numberOfThreads: 1)
                threads.start()
                let result: Result<Void, any Error>
                do {
                    let blobs = try BlobStore(directory: directory, threads: threads)
                    try await body(Stage(database: database, blobs: blobs, owner: try await database.person()))
                    result = .success(())
                } catch {
                    result = .failure(error)
                }
                try await threads.shutdownGracefully()
                try result.get()
            }
        }

        /// An upload of 10 bytes.
        /// - Parameter bytes: How many of them are on the disk; nil for no file.
        func upload(onDisk bytes: Int? = 10) async throws -> (upload: Upload, path: String) {
            let upload = try await database.upload(owner, size: 10)
            let path = blobs.path(of: try #require(BlobID(hex: upload.sha256)))
            if let bytes { try write(bytes, to: path) }
            return (upload, path)
        }

        func write(_ bytes: Int, to path: String) throws {
            try FileManager.default.createDirectory(
                atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
            try Data(count: bytes).write(to: URL(filePath: path))
        }

        /// A file of which the database knows nothing.
        func stray() throws -> String {
            let path = blobs.path(of: try #require(BlobID(hex: String(repeating: "ab", count: 32))))
            try write(3, to: path)
            return path
        }

        func verify(
            _ repair: Verification.Repair = .nothing, isServerRunning: Bool = false
        ) async throws -> [Verification.Violation] {
            try await Verification(
                stores: database.stores, contents: Contents(disk: DiskContents(blobs)), isServerRunning: isServerRunning
            )
            .run(repair: repair) { _ in }
            .filter(\.isRepairable)
        }
    }

    @Test func whatDiffersIsNamedAndLeftAlone() async throws {
        try await Stage.run { stage in
            _ = try await stage.upload()
            let lost = try await stage.upload(onDisk: nil)
            let cut = try await stage.upload(onDisk: 4)
            let stray = try stage.stray()
            let found = try await stage.verify()
            let expected: [Verification.Violation] = [
                .missing(path: lost.path, sha256: lost.upload.sha256),
                .missing(path: cut.path, sha256: cut.upload.sha256), .unreferenced(path: stray),
            ]
            #expect(found.count == expected.count)
            for violation in expected { #expect(found.contains(violation)) }
            #expect(FileManager.default.fileExists(atPath: stray))
            #expect(try await stage.verify() == found, "looking changes nothing")
        }
    }

    @Test func repairLeavesNothingToFind() async throws {
        try await Stage.run { stage in
            let whole = try await stage.upload()
            let lost = try await stage.upload(onDisk: nil)
            let stray = try stage.stray()
            #expect(try await stage.verify(.differences).count == 2)
            #expect(try await stage.verify() == [])
            #expect(!FileManager.default.fileExists(atPath: stray))
            #expect(FileManager.default.fileExists(atPath: whole.path))
            #expect(try await stage.database.stores.uploads.contentOfRemoved(lost.upload.id) == lost.upload.sha256)
            #expect(try await stage.database.stores.uploads.contentOfRemoved(whole.upload.id) == nil)
        }
    }

    @Test func anEmptyDirectoryIsNotRepairedByAccident() async throws {
        try await Stage.run { stage in
            let lost = try await stage.upload(onDisk: nil)
            await #expect(throws: Verification.TotalLoss.self) { try await stage.verify(.differences) }
            #expect(try await stage.verify() == [.missing(path: lost.path, sha256: lost.upload.sha256)])
            #expect(try await stage.verify(.totalLoss).count == 1)
            #expect(try await stage.verify() == [])
        }
    }

    @Test func aFileThatMayStillGetItsRowIsNoFault() async throws {
        try await Stage.run { stage in
            let stray = try stage.stray()
            #expect(try await stage.verify(isServerRunning: true) == [], "it is a moment old")
            #expect(try await stage.verify() == [.unreferenced(path: stray)])
        }
    }
}
