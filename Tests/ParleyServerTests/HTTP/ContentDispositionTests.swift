import Testing

@testable import ParleyServer

@Suite struct ContentDispositionTests {
    private func name(_ text: String) -> String? { ContentDisposition(text).fileName }

    @Test(arguments: [
        (#"form-data; name="file"; filename="a.txt""#, "a.txt"),
        (#"form-data; filename=a.txt; name="file""#, "a.txt"),
        (#"form-data ;FILENAME = "a.txt" "#, "a.txt"),
        (#"form-data; filename="a;b=c.txt"; name=file"#, "a;b=c.txt"),
        (#"form-data; filename="a \"b\" \\ c.txt""#, #"a "b" \ c.txt"#),
        (#"form-data; filename="C:\fakepath\a.txt""#, #"C:\fakepath\a.txt"#),
        (#"form-data; filename="a%22b%0D%0A%41.txt""#, "a\"b\r\n%41.txt"),
        (#"form-data; filename="""#, ""),
        (#"form-data; filename="unclosed"#, "unclosed"),
        (#"form-data; filename="first"; filename="second""#, "first"),
    ])
    func theNameIsRead(header: String, name expected: String) {
        #expect(name(header) == expected)
    }

    @Test(arguments: ["form-data", "form-data; name=file", "form-data; name=\"filename=a\"", "", ";;;=;", "filename=a"])
    func aPartWithoutANameIsNoFile(header: String) {
        #expect(name(header) == nil)
    }

    @Test func theExtendedNameIsPreferred() {
        #expect(name("form-data; filename=naive.txt; filename*=UTF-8''na%C3%AFve.txt") == "naïve.txt")
        #expect(name("form-data; filename*=utf-8'en'a'b.txt; filename=other") == "a'b.txt")
        #expect(name("form-data; filename*=ISO-8859-1''na%EFve.txt; filename=naive.txt") == "naïve.txt")
        #expect(name("form-data; filename*=KOI8-R''na%EFve.txt; filename=naive.txt") == "naive.txt")
        #expect(name("form-data; filename*=nonsense; filename=naive.txt") == "naive.txt")
    }

    /// A quote and a combining mark behind it are one character, which is no quote.
    @Test func aCombiningMarkDoesNotHideAQuote() {
        #expect(name("form-data; filename=\"a\"\u{301}; name=x; filename*=UTF-8''b") == "b")
        #expect(name("form-data; name=\"\u{301}x\"; filename=\"\u{301}a\"") == "\u{301}a")
    }

    @Test(arguments: [
        ("a%20b", "a b"), ("%C3%BC", "ü"), ("100%", "100%"), ("%zz%2", "%zz%2"), ("%+1", "%+1"), ("%FF", "\u{FFFD}"),
        ("%2525", "%25"),
    ])
    func percentEncodingIsReadAndOneWrongEscapeStays(text: String, decoded: String) {
        #expect(PercentEncoding.decode(text) == decoded)
    }

    @Test func onlyUnreservedCharactersAreWrittenAsTheyAre() {
        #expect(PercentEncoding.encode("AZaz09-._~") == "AZaz09-._~")
        #expect(PercentEncoding.encode("a b/ü'*\r") == "a%20b%2F%C3%BC%27%2A%0D")
    }
}
