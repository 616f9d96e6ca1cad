import Testing

@testable import ChatModel

@Suite struct MentionedNamesTests {
    private static let tooLong = "@" + String(repeating: "a", count: 33)

    private static let cases: [(text: String, names: [String])] = [
        ("@ana", ["ana"]), ("hi @Ana and @bo.b, (@c-d_1)", ["ana", "bo.b", "c-d_1"]), ("no one", []), ("@", []),
        ("write to ana@example.org", []), ("ü@ana", []), ("@ana @ANA", ["ana"]), ("@ana@bob", ["ana"]), ("@an", []),
        ("thanks, @ana.", ["ana.", "ana"]), ("@ana: look", ["ana"]), ("@@ana", ["ana"]), ("@anaü", []),
        ("\n@ana\n", ["ana"]),
        (tooLong, []),
    ]

    @Test(arguments: cases)
    func namesAreFoundWhereTheyStandAlone(text: String, names: [String]) {
        let found = MentionedNames(in: text)
        #expect(found.names == names && !found.areAll)
    }

    @Test func everybodyIsNoName() {
        let found = MentionedNames(in: "@all and @ana. @All!")
        #expect(found.areAll && found.names == ["ana.", "ana"])
        #expect(!MentionedNames(in: "@allison").areAll && !MentionedNames(in: "x@all").areAll)
    }

    @Test func aTextMentionsAFewPeople() {
        let text = (0..<500).map { "@person\($0)" }.joined(separator: " ")
        #expect(MentionedNames(in: text).names.count == MentionedNames.max)
    }
}
