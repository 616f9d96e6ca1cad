import ChatModel
import Testing

@testable import Chat

@Suite struct RelayedNewsTests {
    private let ana = UserID.make()
    private let bo = UserID.make()

    @Test func itIsReadAsItWasWritten() {
        let showings: [ConversationNews.Showing] = [
            .nobody, .smallGroup(and: []), .smallGroup(and: [ana]), .only([ana, bo]),
        ]
        for shownTo in showings {
            for arriving in [[], [ana], [ana, bo], nil] {
                for leaving in [[], [bo]] {
                    let news = RelayedNews(shownTo: shownTo, arriving: arriving, leaving: leaving)
                    #expect(RelayedNews(words: news.words) == news)
                }
            }
        }
    }

    @Test func thoseWhoAreTooManyAreNotNamed() {
        let users = (0...RelayedNews.maxNamed).map { _ in UserID.make() }
        #expect(RelayedNews.named(Array(users.dropFirst()))?.count == RelayedNews.maxNamed)
        #expect(RelayedNews.named(users) == nil)
        #expect(RelayedNews.words(arriving: nil) == ["+*"])
        let news = ConversationNews(.make(), revision: 1, arriving: users.map { NewMember(user: $0, view: nil) })
        #expect(RelayedNews(news).words == ["+*"])
    }
}
