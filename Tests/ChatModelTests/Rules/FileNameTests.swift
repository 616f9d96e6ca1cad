import Testing

@testable import ChatModel

@Suite struct FileNameTests {
    @Test(arguments: [
        ("photo.jpg", "photo.jpg"), ("../../etc/passwd", "passwd"), ("C:\\windows\\evil.exe", "evil.exe"),
        ("/", "file"), ("", "file"), ("..", "file"), (".", "file"), ("   ", "file"), ("a/b/", "b"),
        ("line\r\nbreak.txt", "linebreak.txt"), ("nul\u{0}.txt", "nul.txt"), ("\u{202E}gpj.exe", "gpj.exe"),
        ("a\u{2066}b\u{200F}.png", "ab.png"), ("naïve 🦀.png", "naïve 🦀.png"), (".hidden", ".hidden"),
        // What a combining mark stands behind is still what it was.
        ("../\u{301}passwd", "\u{301}passwd"), ("a\\\u{200C}b", "\u{200C}b"), (".\u{202E}.", "file"),
    ])
    func cleaned(raw: String, expected: String) { #expect(FileName.cleaned(raw) == expected) }

    @Test func longNamesKeepTheirEnding() {
        let name = FileName.cleaned(String(repeating: "🦀", count: 200) + ".tar.gz")
        #expect(name.utf8.count <= 255 && name.utf8.count > 245)
        #expect(name.hasSuffix("🦀.gz") || name.hasSuffix(".gz"))
        let noEnding = FileName.cleaned(String(repeating: "x", count: 300))
        #expect(noEnding == String(repeating: "x", count: 255))
        // One character, however long.
        #expect(FileName.cleaned(String(repeating: "\u{301}", count: 200)).utf8.count == 254)
        let marked = FileName.cleaned("a" + String(repeating: "\u{301}", count: 200) + ".txt")
        #expect(marked.utf8.count == 255 && marked.hasSuffix(".txt"))
    }

    @Test(arguments: [
        (["a.txt", "a.txt", "a.txt"], ["a.txt", "a (2).txt", "a (3).txt"]),
        (["a", "A", "\u{E4}", "a\u{308}"], ["a", "A (2)", "\u{E4}", "a\u{308} (2)"]),
        (["a.txt", "a (2).txt", "a.txt"], ["a.txt", "a (2).txt", "a (3).txt"]),
        ([".hidden", ".hidden"], [".hidden", " (2).hidden"]),
        ([], []),
    ])
    func distinct(names: [String], expected: [String]) {
        #expect(FileName.distinct(names).map { Array($0.utf8) } == expected.map { Array($0.utf8) })
    }

    @Test func numberedNamesStayShort() {
        let long = String(repeating: "ü", count: 125) + ".jpg"
        let names = FileName.distinct(Array(repeating: long, count: 12))
        #expect(Set(names).count == 12)
        #expect(names.allSatisfy { $0.utf8.count <= 255 && $0.hasSuffix(".jpg") })
    }
}
