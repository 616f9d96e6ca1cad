import Testing

@testable import Chat

@Suite struct WordFilterTests {
    private func judge(_ text: String, _ patterns: (String, WordFilter.Action)...) -> WordFilter.Judgement {
        WordFilter(patterns.map { (pattern: $0.0, action: $0.1) }).judge(text)
    }

    @Test(arguments: [
        ("spam", "spam", true), ("spam", "SPAM!", true), ("spam", "(spam)", true), ("spam", "spammer", false),
        ("spam", "spam1", false), ("spam", "s pam", false), ("SPAM", "spam", true),
        ("buy now", "Buy, now", true), ("buy now", "buy it now", false), ("buy now", "now buy", false),
        ("buy now", "buy", false), ("buy n*", "please buy nothing", true),
        ("spam*", "spammer", true), ("spam*", "spam", true), ("*spam", "antispam", true), ("*spam", "spams", false),
        ("*spam*", "antispammer", true), ("s*m", "sm", true), ("s*m", "spam", true), ("s*m", "spams", false),
        ("a*a", "a", false), ("a*b*c", "aXbXbXc", true), ("a*b*c", "acb", false), ("a**c", "abc", true),
        ("größe", "GRÖẞE", true), ("größe", "GRÖSSE", false),
        ("größe", "Gro\u{308}ße", true), ("grö*", "Gro\u{308}ße", true),
        ("привет", "ПРИВЕТ", true), ("c++", "c", true),
    ])
    func words(pattern: String, text: String, matches: Bool) {
        #expect(judge(text, (pattern, .refuse)).isRefused == matches)
        #expect(judge(text, (pattern, .refuse)).text == text)
    }

    @Test func asterisksTakeThePlaceOfEveryMaskedWord() {
        let judgement = judge("Buy it, buy  NOW: café! buy", ("buy now", .mask), ("caf*", .mask))
        #expect(judgement == WordFilter.Judgement(text: "Buy it, ***  ***: ****! buy"))
    }

    @Test func everythingThatMatchesCounts() {
        let judgement = judge("one two one", ("one", .report), ("two", .mask), ("t*", .report))
        #expect(judgement == WordFilter.Judgement(text: "one *** one", reported: ["one", "t*"]))
    }

    @Test func patternsWithoutAWordMatchNothing() {
        let judgement = judge("++ anything", ("++", .refuse), (" ", .refuse), ("", .refuse))
        #expect(judgement == WordFilter.Judgement(text: "++ anything"))
    }

    @Test func noPatternsChangeNothing() {
        #expect(judge("anything") == WordFilter.Judgement(text: "anything"))
    }
}
