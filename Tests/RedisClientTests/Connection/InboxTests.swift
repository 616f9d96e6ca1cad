import NIOCore
import Testing

@testable import RedisClient

@Suite struct InboxTests {
    private func message(_ text: String) -> RedisEvent {
        .message(RedisMessage(channel: "c", payload: ByteBuffer(string: text)))
    }

    @Test func whatHasNoRoomIsDroppedAndTold() async {
        let inbox = Inbox(maxMessages: 3, maxBytes: 100)
        inbox.put([.subscribed] + ["a", "b", "c", "d"].map(message) + [.disconnected])
        #expect(await inbox.take() == [.subscribed, message("a"), message("b"), .missed, .disconnected])
        #expect(inbox.dropped == 2)
        inbox.put([message("e")])
        #expect(await inbox.take() == [message("e")])
    }

    @Test func bytesAreBoundedAsWell() async {
        let inbox = Inbox(maxMessages: 10, maxBytes: 5)
        inbox.put(["aaa", "bbb", "cc"].map(message))
        #expect(await inbox.take() == [message("aaa"), .missed, message("cc")])
    }

    @Test func aWaitingReaderIsWoken() async {
        let inbox = Inbox(maxMessages: 10, maxBytes: 10)
        let reader = Task { await inbox.take() }
        await Task.yield()
        inbox.put([message("a")])
        #expect(await reader.value == [message("a")])
    }

    @Test func aCanceledReaderIsWoken() async {
        let inbox = Inbox(maxMessages: 10, maxBytes: 10)
        let reader = Task { await inbox.take() }
        await Task.yield()
        reader.cancel()
        #expect(await reader.value.isEmpty)
    }
}
