import ChatModel
import Foundation
import Testing

@testable import Chat

@Suite struct LinkCardQueueTests {
    private func message(_ text: String, sender: UserID = .make(), card: LinkCard? = nil) -> Message {
        Message(
            id: .make(), conversationId: .make(), seq: 1, revision: 1,
            sender: Sender(id: sender, username: "alice", displayName: "Alice"), text: text, attachments: [],
            card: card, reactions: [], status: .sent, createdAt: Date())
    }

    /// The links of the wishes that wait, in their order.
    private func links(_ queue: LinkCardQueue, _ count: Int) async -> [String] {
        var links: [String] = []
        for await job in queue.jobs {
            if case .make(let wish) = job { links.append(wish.url) }
            if links.count == count { break }
        }
        return links
    }

    @Test(arguments: [
        ("see https://example.org/x.", "https://example.org/x"),
        ("http://a.example http://b.example", "http://a.example"),
        ("https://chat.example/c/1 and https://b.example", "https://b.example"), ("https://chat.example/c/1", nil),
        ("no link: //", nil), ("://", nil), ("", nil), ("ftp://a.example", nil),
    ])
    func theFirstLinkThatLeadsOutIsTheOne(text: String, link: String?) {
        #expect(LinkCardQueue { $0.hasPrefix("https://chat.example/") }.link(in: text) == link)
    }

    @Test func withoutTheSettingNothingIsAWish() {
        let queue = LinkCardQueue(isOwn: nil)
        #expect(queue.link(in: "https://example.org") == nil)
        queue.offer(message("https://example.org"))
        #expect(queue.overflow.value == 0)
    }

    @Test func messagesWithALinkWait() async {
        let queue = LinkCardQueue { _ in false }
        queue.offer(message("no link"))
        queue.offer(message("https://a.example"))
        var deleted = message("https://b.example")
        deleted.deletedAt = Date()
        queue.offer(deleted)
        queue.offer(message("https://c.example", card: LinkCard(url: "https://c.example", title: "C")))
        queue.offer(message("https://d.example", card: LinkCard(url: "https://c.example", title: "C")))
        #expect(await links(queue, 2) == ["https://a.example", "https://d.example"])
        #expect(queue.overflow.value == 0)
    }

    @Test func oneSenderHasAShare() async {
        let queue = LinkCardQueue { _ in false }
        let alice = UserID.make()
        for _ in 0...LinkCardQueue.maxEach { queue.offer(message("https://a.example", sender: alice)) }
        #expect(queue.overflow.value == 1)
        queue.offer(message("https://b.example"))
        #expect(queue.overflow.value == 1)
        // A place comes free with the end of a wish, not with its beginning.
        for await case .make(let wish) in queue.jobs {
            queue.offer(message("https://a.example", sender: alice))
            #expect(queue.overflow.value == 2)
            queue.finish(wish)
            queue.offer(message("https://a.example", sender: alice))
            #expect(queue.overflow.value == 2)
            break
        }
    }

    @Test func beyondTheBoundNothingWaits() {
        let queue = LinkCardQueue { _ in false }
        for _ in 0..<LinkCardQueue.maxWaiting { queue.offer(message("https://a.example")) }
        #expect(queue.overflow.value == 0)
        queue.offer(message("https://a.example"))
        #expect(queue.overflow.value == 1)
    }
}
