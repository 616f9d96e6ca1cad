import ChatModel
import ChatTesting
import Foundation
import Media
import NIOCore
import PostgresClient
import Testing

@testable import Chat

@Suite struct MessageArchiveTests {
    private struct Stage {
        let group: ConversationID
        let owner: UserID
        let member: UserID
        let contents: [String]
        let message: Message

        init(_ test: TestChat, _ files: KeyValuePairs<String, String>) async throws {
            let people = try await test.database.people(2)
            (owner, member) = (people[0], people[1])
            group = try await test.database.group(owner, member)
            contents = files.map(\.value)
            var ids: [UploadID] = []
            for (name, content) in files { ids.append(try await Self.upload(name, content, owner, test)) }
            message = try await test.chat.messages.send(
                MessageRequest(conversationId: group, text: "files", attachments: ids), from: owner
            ).message
        }

        private static func upload(_ name: String, _ content: String, _ owner: UserID, _ test: TestChat) async throws
            -> UploadID
        {
            let uploads = test.chat.uploads
            let incoming = try await uploads.begin(
                name, length: content.utf8.count, uploader: Uploader(user: owner, address: [1]))
            try await uploads.append(ByteBuffer(string: content), to: incoming)
            return try await uploads.finish(incoming).id
        }

        func archive(_ test: TestChat, for user: UserID? = nil) async throws -> MessageArchive {
            let user = user ?? member
            return try await test.chat.uploads.archive(
                of: try await test.chat.messages.find(message.id, for: user), with: .user(user))
        }
    }

    private func bytes(_ archive: MessageArchive, _ range: Range<Int>? = nil) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        try await archive.write(range ?? 0..<archive.size) { bytes += $0.readableBytesView }
        return bytes
    }

    /// Names and contents, as the local headers have them.
    private func files(_ archive: [UInt8]) -> [String: String] {
        var (files, rest): ([String: String], ArraySlice<UInt8>) = ([:], archive[...])
        func number(_ offset: Int, _ count: Int) -> Int {
            (0..<count).reduce(0) { $0 | Int(rest[rest.startIndex + offset + $1]) << (8 * $1) }
        }
        while rest.starts(with: [0x50, 0x4B, 3, 4]) {
            let (size, name, extra) = (number(18, 4), number(26, 2), number(28, 2))
            let text = String(decoding: rest.dropFirst(30).prefix(name), as: UTF8.self)
            files[text] = String(decoding: rest.dropFirst(30 + name + extra).prefix(size), as: UTF8.self)
            rest = rest.dropFirst(30 + name + extra + size)
        }
        return files
    }

    @Test func membersGetEveryFileUnderANameOfItsOwn() async throws {
        try await TestChat.run { test in
            let stage = try await Stage(test, ["a.txt": "one", "A.TXT": "two", "b": " ", "Ü": "three"])
            let archive = try await stage.archive(test)
            let bytes = try await bytes(archive)
            #expect(bytes.count == archive.size)
            #expect(files(bytes) == ["a.txt": "one", "A (2).TXT": "two", "b": " ", "Ü": "three"])
            #expect(try await self.bytes(stage.archive(test, for: stage.owner)) == bytes, "equal files, equal bytes")
        }
    }

    @Test func everyRangeIsThatPartOfTheWhole() async throws {
        try await TestChat.run { test in
            let stage = try await Stage(test, ["a": "one", "b": "four", "c": "sixsix"])
            let archive = try await stage.archive(test)
            let whole = try await bytes(archive)
            for start in stride(from: 0, to: whole.count, by: 3) {
                for end in stride(from: start + 1, through: whole.count, by: 17) {
                    #expect(try await bytes(archive, start..<end) == Array(whole[start..<end]))
                }
            }
        }
    }

    @Test func removedFilesAreLeftOutAndAtLastGone() async throws {
        try await TestChat.run { test in
            let stage = try await Stage(test, ["a": "one", "b": "two"])
            let whole = try await stage.archive(test)
            let ids = stage.message.attachments.map(\.id)
            func remove(_ id: UploadID) async throws {
                try await test.database.client.query("UPDATE uploads SET removed_at = now() WHERE id = \(id)")
            }
            try await remove(ids[0])
            let rest = try await stage.archive(test)
            #expect(files(try await bytes(rest)) == ["b": "two"])
            #expect(rest.etag != whole.etag)
            try await remove(ids[1])
            #expect(try await refusal { _ = try await stage.archive(test) } == .gone)
        }
    }

    @Test func aDeletedMessageIsGoneAndOneWithoutFilesHasNone() async throws {
        try await TestChat.run { test in
            let stage = try await Stage(test, ["a": "one"])
            _ = try await test.chat.messages.delete(stage.message.id, by: stage.owner)
            #expect(try await refusal { _ = try await stage.archive(test) } == .gone)
            let text = try await test.chat.messages.send(
                MessageRequest(conversationId: stage.group, text: "no files"), from: stage.owner
            ).message
            #expect(
                try await refusal { _ = try await test.chat.uploads.archive(of: text, with: .user(stage.member)) }
                    == .notFound)
        }
    }

    @Test func whatOnlyItsOwnerMayReadIsForItsOwnerOnly() async throws {
        try await TestChat.run { test in
            let stage = try await Stage(test, ["a": "one", "b": "two"])
            let store = test.chat.uploads.storage.blobs
            let hidden = stage.message.attachments[0]
            try await test.database.client.query(
                "UPDATE blobs SET owner_only = true WHERE sha256 = \(hidden.sha256)")
            let address = try #require(BlobID(hex: hidden.sha256))
            try FileManager.default.moveItem(
                atPath: store.path(of: address), toPath: store.path(of: address, .ownerOnly))
            #expect(files(try await bytes(stage.archive(test))) == ["b": "two"])
            #expect(
                files(try await bytes(stage.archive(test, for: stage.owner))) == ["a": "one", "b": "two"])
        }
    }

    @Test func aLostFileIsSaidBeforeTheArchiveBegins() async throws {
        try await TestChat.run { test in
            let stage = try await Stage(test, ["a": "one", "b": "two"])
            let address = try #require(BlobID(hex: stage.message.attachments[1].sha256))
            try FileManager.default.removeItem(atPath: test.chat.uploads.storage.blobs.path(of: address))
            #expect(try await refusal { _ = try await stage.archive(test) } == .internal)
        }
    }

    @Test func aChecksumIsComputedOnce() async throws {
        let checksums = ContentChecksums()
        let count = Counter()
        try await withThrowingTaskGroup(of: UInt32.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    try await checksums("a") {
                        count.add(1)
                        await Task.yield()
                        return 7
                    }
                }
            }
            for try await checksum in group { #expect(checksum == 7) }
        }
        #expect(count.value == 1)
        await #expect(throws: CancellationError.self) { try await checksums("b") { throw CancellationError() } }
        #expect(try await checksums("b") { 8 } == 8, "a failure is not remembered")
    }
}
