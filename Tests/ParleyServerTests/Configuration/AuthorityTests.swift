import Testing

@testable import ParleyServer

@Suite struct AuthorityTests {
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
}
