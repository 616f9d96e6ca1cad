import Foundation
import NIOCore
import Testing

@testable import ChatModel
@testable import ParleyServer

@Suite struct AnswerMeasureTests {
    private let upload = Upload(
        id: .make(), ownerId: .make(), name: String(repeating: "\"", count: 255), type: "image/jpeg",
        size: .max, sha256: String(repeating: "f", count: 64), kind: .image, width: 100_000, height: 100_000,
        duration: 1234.56789, blurhash: String(repeating: "x", count: 40), url: String(repeating: "u", count: 130),
        thumbnails: ["small", "medium", "large"].map {
            .init(size: $0, width: 1280, height: 1280, url: String(repeating: "u", count: 140))
        }, createdAt: Date(), isCleaned: false, isOwnerOnly: true)

    /// With 8,000 control characters, ten attachments and a thousand reactions.
    private var largestMessage: Message {
        Message(
            id: .make(), conversationId: .make(), seq: .max, revision: .max,
            sender: Sender(id: .make(), username: String(repeating: "n", count: 32), displayName: "\"\u{1}"),
            text: String(repeating: "\u{1}", count: 8000), attachments: Array(repeating: upload, count: 10),
            replyTo: .make(),
            reactions: (0..<20).map { _ in
                .init(emoji: String(repeating: "x", count: 64), userIds: (0..<50).map { _ in .make() })
            },
            clientId: String(repeating: "\\", count: 64), status: .delivered, createdAt: Date(), editedAt: Date(),
            deletedAt: Date())
    }

    @Test func theLargestConversationFitsIntoAnAnswer() {
        let user = User(
            id: .make(), username: String(repeating: "n", count: 32), displayName: String(repeating: "\"", count: 64),
            about: String(repeating: "\u{1}", count: 500), avatar: upload, createdAt: Date(), status: .offline,
            lastSeenAt: Date(),
            statusMessage: .init(text: String(repeating: "🌴", count: 100), emoji: "🌴", until: Date()),
            doNotDisturb: .init(
                until: Date(), hours: .init(from: 0, to: 1, timeZone: String(repeating: "z", count: 64))))
        let conversation = Conversation(
            id: .make(), kind: .group, title: String(repeating: "\"", count: 80), visibility: .private,
            members: Array(repeating: Member(user: user, role: .member, deliveredSeq: .max, readSeq: .max), count: 50),
            memberCount: 10_000, lastSeq: .max, revision: .max, lastMessage: largestMessage, unreadCount: .max,
            createdAt: Date(), updatedAt: Date())
        // What may wait for a client is 1 MiB.
        let bytes = AnswerMeasure.json.conversation(conversation) + AnswerMeasure.json.message(largestMessage)
        #expect(bytes < 1 << 20)
    }

    @Test func theWrittenBytesAreMeasured() {
        #expect(AnswerMeasure.json.message(largestMessage) == largestMessage.json.readableBytes)
        #expect(AnswerMeasure.json.conversation(Samples.conversation) == Samples.conversation.json.readableBytes)
    }
}
