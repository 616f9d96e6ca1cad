import Testing

@testable import ParleyServer

@Suite struct WebOriginTests {
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
