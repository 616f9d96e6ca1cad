import Testing

@testable import ChatModel

@Suite struct SearchQueryTests {
    private static func word(_ text: String) -> SearchQuery.Term { .init(text) }
    private static func last(_ text: String) -> SearchQuery.Term { .init(text, isPrefix: true) }
    private static func without(_ text: String) -> SearchQuery.Term { .init(text, isExcluded: true) }

    @Test(
        arguments: [
            ("", []), ("  \n", []),
            ("tom", [[last("tom")]]),
            (" see  you\u{3000}tom ", [[word("see"), word("you"), last("tom")]]),
            ("\"see you\"", [[word("see you")]]),
            ("“see you” tom", [[word("see you"), last("tom")]]),
            ("\"see yo", [[last("see yo")]]),
            ("\"a b\"c", [[word("a b"), last("c")]]),
            ("5\" nail", [[word("5\""), last("nail")]]),
            ("a -b", [[word("a"), without("b")]]),
            ("-b a", [[without("b"), last("a")]]),
            ("a -\"b c\"", [[word("a"), without("b c")]]),
            ("--help", [[last("--help")]]), ("a - b", [[word("a"), word("-"), last("b")]]),
            ("a -> b", [[word("a"), word("->"), last("b")]]), ("3-5", [[last("3-5")]]), ("-", [[last("-")]]),
            ("a or b", [[word("a")], [last("b")]]),
            ("a b OR \"c d\" e", [[word("a"), word("b")], [word("c d"), last("e")]]),
            ("or", [[last("or")]]), ("or b", [[word("or"), last("b")]]), ("a or", [[word("a"), last("or")]]),
            ("a or or b", [[word("a")], [word("or"), last("b")]]),
            ("a or -b", [[word("a")], [without("b")]]),
            ("ordinary order", [[word("ordinary"), last("order")]]),
            ("a \"or\" b", [[word("a"), word("or"), last("b")]]),
            ("\"\"", [[word("")]]), ("\"", [[last("")]]),
        ] as [(String, [[SearchQuery.Term]])])
    func isCutIntoTerms(text: String, alternatives: [[SearchQuery.Term]]) {
        #expect(SearchQuery(text).alternatives == alternatives)
    }
}
