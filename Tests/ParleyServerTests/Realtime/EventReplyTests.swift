import ChatModel
import NIOCore
import Testing

@testable import ParleyServer

@Suite struct EventReplyTests {
    private func written(_ error: ChatError) -> String { String(buffer: EventFailure(error: error).json) }

    @Test func aFailureSaysWhatAndWhere() {
        #expect(
            written(.invalid("text", "not empty"))
                == #"{"ok":false,"error":{"code":"validation_failed","detail":"text: not empty","field":"text"}}"#)
        #expect(
            written(ChatError(.rateLimited, "slow down", retryAfter: 3))
                == #"{"ok":false,"error":{"code":"rate_limited","detail":"slow down","retryAfter":3}}"#)
        var banned = ChatError(.banned, "closed")
        banned.ban = Ban(reason: "spam", until: nil)
        #expect(
            written(banned) == #"{"ok":false,"error":{"code":"banned","detail":"closed","banned":{"reason":"spam"}}}"#)
    }
}
