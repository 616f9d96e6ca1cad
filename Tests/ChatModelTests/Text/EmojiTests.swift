import Testing

@testable import ChatModel

@Suite struct EmojiTests {
    /// As many as `emoji-test.txt` of Unicode 18.0 calls fully qualified.
    @Test func allOfUnicodesEmojiAreKnown() {
        #expect(Emoji.all.count == 3963)
        for (key, emoji) in Emoji.all {
            #expect(Emoji.canonical(emoji)?.unicodeScalars.elementsEqual(emoji.unicodeScalars) == true, "\(emoji)")
            #expect(Emoji.canonical(key) == emoji, "\(emoji) without selectors")
            #expect(emoji.utf8.count <= 64, "\(emoji) fits into the database")
        }
    }

    @Test(arguments: [
        ("❤", "❤️"), ("❤️", "❤️"), ("👍", "👍"), ("👍\u{FE0F}", "👍"), ("©", "©️"), ("☺", "☺️"),
        ("1\u{20E3}", "1️⃣"), ("#️⃣", "#️⃣"), ("*\u{20E3}", "*️⃣"), ("🇨🇭", "🇨🇭"), ("🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"),
        // Minimally qualified, unqualified, and with a selector in the place of a tone.
        ("🏳\u{200D}🌈", "🏳️‍🌈"), ("🏋\u{200D}♂", "🏋️‍♂️"), ("🏋\u{FE0F}\u{200D}♂", "🏋️‍♂️"), ("🏋🏽\u{200D}♂", "🏋🏽‍♂️"),
        ("👩\u{200D}❤\u{200D}💋\u{200D}👨", "👩‍❤️‍💋‍👨"), ("👩🏻‍❤‍💋‍👨🏿", "👩🏻‍❤️‍💋‍👨🏿"), ("☝🏽", "☝🏽"), ("👁‍🗨", "👁️‍🗨️"),
        ("👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"), ("🧑🏻‍🤝‍🧑🏿", "🧑🏻‍🤝‍🧑🏿"), ("🧑🏻‍🐰‍🧑🏿", "🧑🏻‍🐰‍🧑🏿"),
        // Of Unicode 17 and 18.
        ("\u{1FAEA}", "\u{1FAEA}"), ("\u{1FAF9}\u{1F3FB}", "\u{1FAF9}\u{1F3FB}"),
    ])
    func eachHasOneSpelling(spelled: String, expected: String) {
        let canonical = Emoji.canonical(spelled)
        #expect(canonical?.unicodeScalars.map(\.value) == expected.unicodeScalars.map(\.value))
        #expect(Emoji.key(of: spelled) == Emoji.key(of: expected))
    }

    @Test(arguments: [
        "", " ", "a", "1", "#", "ok", "\u{0}", "👍👍", "👍 ", "a\u{FE0F}", "\u{FE0F}", "\u{200D}", "\u{20E3}", "a\u{20E3}",
        "1\u{FE0F}", "1\u{FE0F}\u{FE0F}\u{20E3}", "🇨", "🇽🇽", "🇨🇭🇨🇭", "🇨\u{FE0F}🇭", "🏽", "👍🏽🏽", "🚗🏽", "❤\u{FE0E}",
        "❤\u{FE0F}\u{FE0F}", "\u{FE0F}❤", "👍\u{301}", "👍\u{200D}", "👍\u{200D}👍", "👨\u{200D}🚗", "🏴\u{E0061}\u{E007F}",
        "🏴\u{E0067}\u{E0062}", "🧑🏻‍🐰‍🧑🏻", "👩🏻‍❤️‍👨", "👍\u{E0061}", "\u{2800}", "🦰", "€", "→", "♀\u{FE0F}\u{20E3}",
        "👍" + String(repeating: "\u{301}", count: 30), "👍" + String(repeating: "\u{FE0F}", count: 30),
    ])
    func nothingElseIsOne(text: String) { #expect(Emoji.canonical(text) == nil) }
}
