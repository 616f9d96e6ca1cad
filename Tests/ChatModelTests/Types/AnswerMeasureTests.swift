import Foundation
import Testing

@testable import ChatModel

@Suite struct AnswerMeasureTests {
    @Test func cuttingKeepsTheRightEnd() {
        let measure = AnswerMeasure(message: { _ in 10 }, conversation: { _ in 0 }, user: { _ in 0 })
        let messages = (1...10).map { seq in
            Message(
                id: .make(), conversationId: .make(), seq: seq, revision: seq,
                sender: Sender(id: .make(), username: "n", displayName: "n"), text: "x", attachments: [], reactions: [],
                status: .sent, createdAt: Date())
        }
        #expect(measure.oldest(of: messages, fitting: 39).messages.map(\.seq) == [1, 2, 3])
        #expect(measure.newest(of: messages, fitting: 30).messages.map(\.seq) == [8, 9, 10])
        #expect(measure.oldest(of: messages, fitting: 1).messages.map(\.seq) == [1], "the first is kept in any case")
        #expect(measure.newest(of: messages, fitting: 0).messages.map(\.seq) == [10])
        #expect(measure.oldest(of: messages, fitting: 39).bytes == 30)
        #expect(measure.newest(of: [], fitting: 100).messages.isEmpty)
    }
}
