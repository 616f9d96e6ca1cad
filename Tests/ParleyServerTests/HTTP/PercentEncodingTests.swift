import Testing

@testable import ParleyServer

@Suite struct PercentEncodingTests {
    @Test(arguments: [
        ("a%20b", "a b"), ("%C3%BC%c3%bc", "üü"), ("a+b", "a+b"), ("100%", "100%"), ("%", "%"), ("%4", "%4"),
        ("%zz", "%zz"), ("%+1", "%+1"), ("%-1", "%-1"), ("%2541", "%41"), ("", ""), ("%FF", "\u{FFFD}"),
    ])
    func oneWrongEscapeStaysAndTheRestIsRead(text: String, decoded: String) {
        #expect(PercentEncoding.decode(text) == decoded)
    }

    @Test func bytesAreInAnyEncoding() {
        #expect(PercentEncoding.bytes("a%FF%00") == [0x61, 0xFF, 0])
    }

    @Test func onlyUnreservedCharactersStay() {
        #expect(PercentEncoding.encode("aZ09-._~") == "aZ09-._~")
        #expect(PercentEncoding.encode("a b/ü%'\"") == "a%20b%2F%C3%BC%25%27%22")
    }

    @Test(arguments: ["", "plain", "a b&c=d?e#f", "grüße 🐘\r\n", "%41"]) func whatIsEncodedIsDecoded(text: String) {
        #expect(PercentEncoding.decode(PercentEncoding.encode(text)) == text)
    }
}
