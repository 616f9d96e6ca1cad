import ChatModel

/// A change of a conversation in the words that servers tell each other.
struct RelayedNews: Sendable, Equatable {
    /// Too many to name: whoever is a member may have come with it.
    static let maxNamed = 100

    var shownTo: ConversationNews.Showing
    /// Nil: too many to name.
    var arriving: [UserID]?
    var leaving: [UserID]

    init(shownTo: ConversationNews.Showing, arriving: [UserID]?, leaving: [UserID]) {
        self.shownTo = shownTo
        self.arriving = arriving
        self.leaving = leaving
    }

    init(_ news: ConversationNews) {
        self.init(
            shownTo: news.shownTo, arriving: Self.named(news.arriving.map(\.user)), leaving: news.leaving)
    }

    static func named(_ users: [UserID]) -> [UserID]? { users.count > maxNamed ? nil : users }

    static func words(arriving users: [UserID]?) -> [String] { users.map { $0.map { "+\($0)" } } ?? ["+*"] }

    /// - Returns: Nil if there are too many to name.
    static func arriving(_ words: [String]) -> [UserID]? {
        words.contains("+*") ? nil : words.filter { $0.first == "+" }.compactMap { UserID(String($0.dropFirst())) }
    }

    var words: [String] {
        let showing: [String] =
            switch shownTo {
            case .nobody: []
            case .smallGroup(let users): ["small"] + users.map { "=\($0)" }
            case .only(let users): users.map { "=\($0)" }
            }
        return showing + Self.words(arriving: arriving) + leaving.map { "-\($0)" }
    }

    init(words: [String]) {
        func users(_ mark: Character) -> [UserID] {
            words.filter { $0.first == mark }.compactMap { UserID(String($0.dropFirst())) }
        }
        let shown = users("=")
        self.init(
            shownTo: words.contains("small") ? .smallGroup(and: shown) : shown.isEmpty ? .nobody : .only(shown),
            arriving: Self.arriving(words), leaving: users("-"))
    }
}
