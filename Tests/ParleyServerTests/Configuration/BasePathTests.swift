import Testing

@testable import ParleyServer

@Suite struct BasePathTests {
    @Test(arguments: ["/chat", "/a/b", "/a-b_c.d~e", "/Chat", "/...", "/1"])
    func plainPaths(text: String) {
        #expect(BasePath(text)?.text == text)
        #expect(BasePath(text)?.stripped(from: text + "/x") == "/x")
    }

    @Test(arguments: [
        "", "/", "chat", "/chat/", "//chat", "/a//b", "/.", "/a/..", "/a b", "/a%20b", "/a?b", "/a#b", "/ä", "/a;b",
        "https://a/chat", "/a\n", "/a\"b",
    ])
    func othersAreNone(text: String) { #expect(BasePath(text) == nil) }

    @Test func withoutAPathNothingIsStripped() {
        #expect(BasePath.root.stripped(from: "/users") == "/users")
        #expect(BasePath.root.stripped(from: "*") == "*")
    }
}
