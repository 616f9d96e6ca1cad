import Testing

@testable import WebFetch

@Suite struct FetchedHeadTests {
    @Test(arguments: [
        ("text/html", "text/html", nil), ("Text/HTML; charset=UTF-8", "text/html", "UTF-8"),
        ("text/html ;q=1; Charset = \"iso-8859-1\" ", "text/html", "iso-8859-1"), ("", "", nil), (";;;=", "", nil),
        ("text/html; charset", "text/html", nil),
    ])
    func theTypeIsRead(field: String, type: String, charset: String?) throws {
        let head = FetchedHead(address: try #require(WebAddress("https://example.org/")), contentType: field)
        #expect(head.type == type)
        #expect(head.charset == charset)
    }
}
