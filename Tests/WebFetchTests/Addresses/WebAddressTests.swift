import Testing

@testable import WebFetch

@Suite struct WebAddressTests {
    @Test(arguments: [
        ("https://example.org", "https://example.org/", "example.org", 443),
        ("HTTP://Example.ORG:8080/A?b=C#d", "http://example.org:8080/A?b=C", "example.org", 8080),
        ("http://[2001:db8::1]/x", "http://[2001:db8::1]/x", "2001:db8::1", 80),
        ("https://example.org/ä?ö", "https://example.org/%C3%A4?%C3%B6", "example.org", 443),
        ("https://m\u{FC}nchen.example/", "https://xn--mnchen-3ya.example/", "xn--mnchen-3ya.example", 443),
    ])
    func addressesAreRead(text: String, url: String, host: String, port: Int) throws {
        let address = try #require(WebAddress(text))
        #expect(address.description == url)
        #expect(address.host == host)
        #expect(address.port == port)
    }

    @Test(arguments: [
        "", "example.org", "ftp://example.org/", "file:///etc/passwd", "gopher://example.org/", "javascript:alert(1)",
        "https://", "https:///x", "http://user@example.org/", "http://user:password@example.org/",
        "http://:p@example.org/",
        "http://[fe80::1%25eth0]/", "https://example.org/" + String(repeating: "a", count: 2100),
    ])
    func whatIsNotAskedForIsNil(text: String) {
        #expect(WebAddress(text) == nil)
    }

    @Test func relativeAddressesAreResolved() throws {
        let base = try #require(WebAddress("https://example.org/a/b?c"))
        #expect(WebAddress("/x.png", relativeTo: base)?.description == "https://example.org/x.png")
        #expect(WebAddress("x.png", relativeTo: base)?.description == "https://example.org/a/x.png")
        #expect(WebAddress("//cdn.example.org/x", relativeTo: base)?.description == "https://cdn.example.org/x")
        #expect(WebAddress("file:///etc/passwd", relativeTo: base) == nil)
    }
}
