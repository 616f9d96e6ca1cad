import Testing

@testable import ParleyServer

@Suite struct WebOriginTests {
    @Test(
        arguments: [
            ("Example.ORG", "example.org", nil), ("example.org:8080", "example.org", 8080),
            ("[2001:DB8:0:0::1]", "[2001:db8::1]", nil), ("[::1]:65535", "[::1]", 65535), ("a%20b", "a%20b", nil),
            ("127.0.0.1:0", "127.0.0.1", 0), ("under_score.example", "under_score.example", nil),
            ("example.org:", "example.org", nil),
        ] as [(String, String, Int?)])
    func authoritiesHaveOneSpelling(text: String, host: String, port: Int?) throws {
        let authority = try #require(Authority(text))
        #expect(authority.host == host)
        #expect(authority.port == port)
    }

    @Test(arguments: [
        "", ":80", "a,b", "user@example.org", "example.org:65536", "example.org:-1", "example.org:8o", "a b", "a%2",
        "a%zz", "[::1", "[]", "[1.2.3.4]", "[::1]x", "::1", "ü.example", "example.org:000000",
        String(repeating: "a", count: 256),
    ])
    func whatIsNoAuthorityIsRefused(text: String) {
        #expect(Authority(text) == nil)
    }

    @Test func anOriginIsSchemeHostAndPort() {
        #expect(WebOrigin("https://example.org") == WebOrigin("HTTPS://EXAMPLE.org:443/path?query#part"))
        #expect(WebOrigin("http://example.org") == WebOrigin("http://example.org:80"))
        #expect(WebOrigin("http://example.org") != WebOrigin("https://example.org"))
        #expect(WebOrigin("http://example.org") != WebOrigin("http://example.org:8080"))
        #expect(WebOrigin("http://example.org") != WebOrigin("http://www.example.org"))
    }

    @Test(arguments: [
        "null", "", "example.org", "ftp://example.org", "http:example.org", "http://", "//example.org",
        "javascript://x", "http://user@example.org",
    ])
    func whatIsNoOriginIsRefused(text: String) {
        #expect(WebOrigin(text) == nil)
    }

    @Test(arguments: [
        ("https://Example.org:443", "https://example.org"), ("http://example.org:80/", "http://example.org"),
        ("http://example.org:443", "http://example.org:443"), ("https://[::1]:8443", "https://[::1]:8443"),
    ])
    func itIsWrittenAsBrowsersWriteIt(text: String, written: String) {
        #expect(WebOrigin(text)?.text == written)
    }
}
