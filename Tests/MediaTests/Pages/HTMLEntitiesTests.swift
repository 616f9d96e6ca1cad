import Testing

@testable import Media

@Suite struct HTMLEntitiesTests {
    @Test(arguments: [
        ("a &amp; b", "a & b"), ("&lt;&gt;&quot;&apos;", "<>\"'"), ("&eacute;&Uuml;&szlig;&nbsp;", "éÜß\u{A0}"),
        ("&#233;&#xE9;&#XE9;", "ééé"), ("&#233 x", "é x"), ("&hellip;&mdash;&euro;", "…—€"), ("&amp;lt;", "&lt;"),
        ("&", "&"), ("&;", "&;"), ("&#;", "&#;"), ("&#x;", "&#x;"), ("&unknown;", "&unknown;"), ("&amp", "&amp"),
        ("?a=1&copy=2", "?a=1&copy=2"), ("&#0;", "\u{FFFD}"), ("&#xD800;", "\u{FFFD}"), ("&#x110000;", "\u{FFFD}"),
        ("&#99999999999999999999;", "&#99999999999999999999;"), ("&yuml;&times;&divide;&iexcl;", "ÿ×÷¡"),
    ])
    func referencesAreDecoded(text: String, decoded: String) {
        #expect(HTMLEntities.decoded(text[...].utf8) == decoded)
    }
}
