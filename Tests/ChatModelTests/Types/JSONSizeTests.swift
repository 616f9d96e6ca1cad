import Foundation
import Testing

@testable import ChatModel

/// What answers are cut by must never be less than what is written.
@Suite struct JSONSizeTests {
    private func encoded(_ value: some Encodable) throws -> Int {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return try encoder.encode(value).count
    }

    @Test(arguments: ["", "plain", "\"quoted\\", "\u{1}\n\u{1F}", "🦀é\u{2028}", "</script>\u{7F}"])
    func textTakesNoMoreThanCounted(text: String) throws {
        #expect(try encoded(text) <= text.maximumJSONBytes)
    }

    @Test func messagesTakeNoMoreThanCounted() throws {
        let upload = Upload(
            id: .make(), ownerId: .make(), name: String(repeating: "\"", count: 255), type: "image/jpeg",
            size: .max, sha256: String(repeating: "f", count: 64), kind: .image, width: 100_000, height: 100_000,
            duration: 1234.56789, blurhash: String(repeating: "x", count: 40),
            url: String(repeating: "u", count: 130),
            thumbnails: ["small", "medium", "large"].map {
                .init(size: $0, width: 1280, height: 1280, url: String(repeating: "u", count: 140))
            }, createdAt: Date())
        let message = Message(
            id: .make(), conversationId: .make(), seq: .max, revision: .max,
            sender: Sender(id: .make(), username: String(repeating: "n", count: 32), displayName: "\"\u{1}"),
            text: String(repeating: "\u{1}", count: 8000), attachments: Array(repeating: upload, count: 10),
            replyTo: .make(),
            reactions: (0..<20).map { _ in
                .init(emoji: String(repeating: "x", count: 64), userIds: (0..<50).map { _ in .make() })
            },
            clientId: String(repeating: "\\", count: 64), status: .delivered, createdAt: Date(), editedAt: Date(),
            deletedAt: Date())
        #expect(try encoded(message) <= message.maximumJSONBytes)
        #expect(message.maximumJSONBytes <= Message.largestJSONBytes)
        let user = User(
            id: .make(), username: String(repeating: "n", count: 32), displayName: String(repeating: "\"", count: 64),
            about: String(repeating: "\u{1}", count: 500), avatar: upload, createdAt: Date(), status: .offline,
            lastSeenAt: Date())
        let conversation = Conversation(
            id: .make(), kind: .group, title: String(repeating: "\"", count: 80), visibility: .private,
            members: Array(repeating: Member(user: user, role: .member, deliveredSeq: .max, readSeq: .max), count: 50),
            memberCount: 10_000, lastSeq: .max, revision: .max, lastMessage: message, unreadCount: .max,
            createdAt: Date(), updatedAt: Date())
        #expect(try encoded(conversation) <= conversation.maximumJSONBytes)
        #expect(conversation.maximumJSONBytes < 1 << 20, "one conversation always fits into an answer")
    }

    @Test func cuttingKeepsTheRightEnd() {
        let messages = (1...10).map { seq in
            Message(
                id: .make(), conversationId: .make(), seq: seq, revision: seq,
                sender: Sender(id: .make(), username: "n", displayName: "n"), text: "x", attachments: [], reactions: [],
                status: .sent, createdAt: Date())
        }
        let three = 3 * messages[0].maximumJSONBytes
        #expect(messages.oldest(fitting: three).map(\.seq) == [1, 2, 3])
        #expect(messages.newest(fitting: three).map(\.seq) == [8, 9, 10])
        #expect(messages.oldest(fitting: 1).map(\.seq) == [1])
        #expect(messages.newest(fitting: 0).map(\.seq) == [10])
        #expect([Message]().newest(fitting: 100).isEmpty)
    }
}
