import ChatModel
import ChatTesting
import Foundation
import PostgresClient
import Testing

@testable import Chat
@testable import Media

/// Removing what nobody needs, and nothing else.
@Suite struct SweepTests {
    /// Puts a file where the content of an upload is stored.
    private func store(_ upload: Upload, _ chat: Chat) throws -> String {
        let path = chat.uploads.storage.blobs.path(of: try #require(BlobID(hex: upload.sha256)))
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(count: upload.size).write(to: URL(filePath: path))
        return path
    }

    @Test func filesGoWithTheUploadsThatNobodySent() async throws {
        try await TestChat.run { test in
            let database = test.database
            let ana = try await database.person()
            let group = try await database.group(ana)
            let (old, new, sent) = (
                try await database.upload(ana), try await database.upload(ana), try await database.upload(ana)
            )
            let twin = try await database.upload(ana, sha256: sent.sha256)
            let paths = try [old, new, sent].map { try store($0, test.chat) }
            try await database.message(from: ana, to: group, attachments: [sent.id])
            _ = try await database.client.query(
                "UPDATE uploads SET created_at = now() - interval '2 hours' WHERE id <> \(new.id)")
            await test.chat.sweep.sweepShared()
            #expect(paths.map { FileManager.default.fileExists(atPath: $0) } == [false, true, true])
            let left = try await database.client.query("SELECT id FROM uploads").map {
                try $0.decode("id", as: UploadID.self)
            }
            #expect(Set(left) == [new.id, sent.id], "\(twin.id) goes, and its content stays for the message")
        }
    }

    @Test func abandonedTemporaryFilesGoAndUnfinishedUploadsStay() async throws {
        try await TestChat.run { test in
            let ana = try await test.database.person()
            let unfinished = try await test.chat.resumableUploads.create(
                name: "a.bin", metadata: nil, .init(length: 100),
                uploader: Uploader(user: ana, address: [127, 0, 0, 1]))
            let blobs = test.chat.uploads.storage.blobs
            let (abandoned, current) = (UUID(), UUID())
            for name in [abandoned, current] { _ = try await blobs.makeWriter(name, maxBytes: 10).suspend() }
            for name in [abandoned, unfinished.id.uuid] {
                let file = try #require(try await blobs.temporaries().first { $0.name == name })
                try FileManager.default.setAttributes(
                    [.modificationDate: Date(timeIntervalSinceNow: -7200)], ofItemAtPath: blobs.temporaryPath(name))
                #expect(file.name == name)
            }
            await test.chat.sweep.sweepOwn()
            #expect(Set(try await blobs.temporaries().map(\.name)) == [current, unfinished.id.uuid])
            try await test.chat.sweep.prepare(isAlone: true)
            #expect(
                try await blobs.temporaries().map(\.name) == [unfinished.id.uuid],
                "before the first upload, no file is in use but those of unfinished uploads")
        }
    }

    @Test func expiredUploadsAndEndedSessionsAreForgotten() async throws {
        try await TestChat.run { test in
            let client = test.database.client
            let ana = try await test.database.person()
            _ = try await test.chat.resumableUploads.create(
                name: "a.bin", metadata: nil, .init(length: 100),
                uploader: Uploader(user: ana, address: [127, 0, 0, 1]))
            _ = try await client.query("UPDATE partial_uploads SET expires_at = now() - interval '31 days'")
            await test.chat.sweep.sweepShared()
            #expect(try await client.query("SELECT 1 FROM partial_uploads").isEmpty)
        }
    }
}
