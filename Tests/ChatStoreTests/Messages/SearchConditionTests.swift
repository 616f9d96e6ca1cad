import ChatModel
import Testing

@testable import ChatStore

@Suite struct SearchConditionTests {
    /// As the database would cut it, if every term were cut at its signs.
    private func condition(_ text: String) -> SearchCondition? {
        let query = SearchQuery(text)
        return SearchCondition(
            query,
            words: query.alternatives.map { terms in
                terms.map { term in
                    let words = term.text.split { !$0.isLetter && !$0.isNumber }
                    return words.enumerated().map { index, word in
                        .init(text: String(word), begins: term.isPrefix && index == words.count - 1)
                    }
                }
            })
    }

    @Test(
        arguments: [
            ("a", "('a':*)", nil, "'a':*"),
            ("a b", "('a') & ('b':*)", "'a'", "'b':*"),
            ("\"a b\"", "('a' <-> 'b')", "'a' & 'b'", nil),
            ("x.y.z", "('x' <-> 'y' <-> 'z':*)", "'x' & 'y'", "'z':*"),
            ("a -b", "('a') & !('b')", "'a'", nil),
            ("a or b", "('a') | ('b':*)", nil, "'b':*"),
            ("a or \"b\"", "('a') | ('b')", "'a' | 'b'", nil),
            ("a ! b", "('a') & ('b':*)", "'a'", "'b':*"),
            ("a or !", "('a')", "'a'", nil),
        ] as [(String, String, String?, String?)])
    func saysWhatIsWantedAndHowToFindIt(text: String, wanted: String, whole: String?, beginnings: String?) throws {
        let found = try #require(condition(text))
        #expect(found.wanted == wanted)
        #expect(found.whole == whole)
        #expect(found.beginnings == beginnings)
    }

    @Test(arguments: ["", "!", "-a", "-a -b", "a or -b", "-b or a", "\"\"", "-"])
    func thereIsNoneWithoutAWordToLookFor(text: String) { #expect(condition(text) == nil) }

    @Test func signsOfTheDatabasesLanguageAreQuoted() {
        let query = SearchQuery("\"x\"")
        let found = SearchCondition(query, words: [[[.init(text: "a'\\b", begins: false)]]])
        #expect(found?.wanted == "('a''\\\\b')")
    }
}
