import ChatModel
import Testing

@testable import Chat

@Suite struct MarkNewsTests {
    /// News that expectations can change.
    private final class News {
        private var news = MarkNews()

        var nextDue: Duration? { news.nextDue }

        func add(_ marks: MemberMarks, isWide: Bool) { news.add(marks, isWide: isWide) }

        func takeDue(at now: Duration) -> [ChatEvent] { news.takeDue(at: now) }
    }

    private let conversation = ConversationID.make()

    private func marks(_ user: UserID, _ seq: Int, in conversation: ConversationID? = nil) -> MemberMarks {
        MemberMarks(conversation: conversation ?? self.conversation, user: user, deliveredSeq: seq, readSeq: seq)
    }

    /// How far whose marks are told to have moved.
    private func told(_ news: News, at milliseconds: Int) -> [[UserID: Int]] {
        news.takeDue(at: .milliseconds(milliseconds)).map { event in
            guard case .marksMoved(_, let marks, _) = event else { return [:] }
            return Dictionary(uniqueKeysWithValues: marks.map { ($0.user, $0.readSeq) })
        }
    }

    @Test func theFirstIsToldAtOnceAndTheOthersTogether() {
        let news = News()
        let (ana, bo, cy) = (UserID.make(), UserID.make(), UserID.make())
        news.add(marks(ana, 1), isWide: true)
        #expect(told(news, at: 0) == [[ana: 1]])
        #expect(news.nextDue == nil)
        news.add(marks(bo, 1), isWide: true)
        #expect(told(news, at: 10) == [])
        #expect(news.nextDue == .milliseconds(100))
        news.add(marks(cy, 1), isWide: true)
        news.add(marks(bo, 2), isWide: true)
        #expect(told(news, at: 99) == [])
        #expect(told(news, at: 100) == [[bo: 2, cy: 1]])
        news.add(marks(ana, 2), isWide: true)
        #expect(news.nextDue == .milliseconds(200))
        #expect(told(news, at: 200) == [[ana: 2]])
        #expect(told(news, at: 300) == [])
        news.add(marks(ana, 3), isWide: true)
        #expect(told(news, at: 301) == [[ana: 3]], "the last was long ago")
    }

    @Test func conversationsDoNotWaitForEachOther() {
        let news = News()
        let (ana, other) = (UserID.make(), ConversationID.make())
        news.add(marks(ana, 1), isWide: true)
        #expect(told(news, at: 0).count == 1)
        news.add(marks(ana, 2), isWide: true)
        news.add(marks(ana, 5, in: other), isWide: false)
        #expect(told(news, at: 50) == [[ana: 5]])
        news.add(marks(ana, 6, in: other), isWide: false)
        #expect(told(news, at: 100) == [[ana: 2]])
        #expect(told(news, at: 150) == [[ana: 6]])
    }
}
