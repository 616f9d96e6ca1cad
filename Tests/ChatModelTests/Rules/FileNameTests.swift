import Testing

@testable import ChatModel

@Suite struct FileNameTests {
    @Test(arguments: [
        ("photo.jpg", "photo.jpg"), ("../../etc/passwd", "passwd"), ("C:\\windows\\evil.exe", "evil.exe"),
        ("/", "file"), ("", "file"), ("..", "file"), (".", "file"), ("   ", "file"), ("a/b/", "b"),
        ("line\r\nbreak.txt", "linebreak.txt"), ("nul\u{0}.txt", "nul.txt"), ("\u{202E}gpj.exe", "gpj.exe"),
        ("a\u{2066}b\u{200F}.png", "ab.png"), ("naïve 🦀.png", "naïve 🦀.png"), (".hidden", ".hidden"),
        // What a combining mark stands behind is still what it was.
        ("../\u{301}passwd", "passwd"), ("a\\\u{200C}b", "b"), (".\u{202E}.", "file"),
        // What makes a name look like another one.
        ("\u{200B}", "file"), ("\u{3164}\u{2800}", "file"), ("photo\u{AD}.jpg\u{E0041}", "photo.jpg"),
        ("a.png           .exe", "a.png .exe"), ("می\u{200C}خواهم.txt", "می\u{200C}خواهم.txt"), ("🏳️‍🌈.png", "🏳️‍🌈.png"),
        ("Screenshot 5.00\u{202F}PM.png", "Screenshot 5.00 PM.png"), ("\u{301}\u{301}", "file"),
        ("Z\u{30D}\u{30D}\u{30D}\u{30D}\u{30D}\u{30D}\u{30D}.txt", "Z\u{30D}\u{30D}\u{30D}\u{30D}\u{30D}.txt"),
    ])
    func cleaned(raw: String, expected: String) { #expect(FileName.cleaned(raw) == expected) }

    @Test func longNamesKeepTheirEnding() {
        let name = FileName.cleaned(String(repeating: "🦀", count: 200) + ".tar.gz")
        #expect(name.utf8.count <= 255 && name.utf8.count > 245)
        #expect(name.hasSuffix("🦀.gz") || name.hasSuffix(".gz"))
        let noEnding = FileName.cleaned(String(repeating: "x", count: 300))
        #expect(noEnding == String(repeating: "x", count: 255))
        // No character is cut.
        #expect(FileName.cleaned(String(repeating: "a\u{301}", count: 200) + ".txt").utf8.count == 83 * 3 + 4)
        #expect(FileName.cleaned(String(repeating: "👩‍👧", count: 40)) == String(repeating: "👩‍👧", count: 255 / 11))
        // Not even where it is longer than a name can be.
        let endless = FileName.cleaned(String(repeating: "👩\u{200D}", count: 60) + "👩.png")
        #expect(endless.hasSuffix(".png") && endless.utf8.count <= 255)
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
