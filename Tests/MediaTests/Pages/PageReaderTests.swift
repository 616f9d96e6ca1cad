import Glibc
import Testing

@testable import Media

@Suite struct PageReaderTests {
    @Test func aUsualPageIsRead() {
        let facts = PageReader.facts(
            of: """
                <!DOCTYPE html><html><head><title>A title &amp; more</title>
                <meta name="description" content="The description">
                <meta property="og:title" content="An &quot;OG&quot; title" />
                <meta content='Its site' property='og:site_name'>
                <META PROPERTY=og:image CONTENT=/picture.png?a=1&amp;b=2>
                </head><body><h1>Not this</h1></body></html>
                """)
        #expect(
            facts
                == PageFacts(
                    title: "An \"OG\" title", description: "The description", siteName: "Its site",
                    image: "/picture.png?a=1&b=2"))
    }

    @Test(arguments: [
        ("<title>T</title>", "T"), ("<TITLE lang=en>\n  T\n</TITLE>", "T"), ("<title></title><title>T</title>", nil),
        ("<title>T", "T"), ("<title>T</titl", "T"), ("<title>1 < 2 <b></title>", "1 < 2 <b>"),
        ("<title/>T</title>", "T"), ("<titles>no</titles>", nil),
        ("<!-- <title>no</title> --><title>T</title>", "T"), ("<!-- <title>no</title>", nil),
        ("<script>'<title>no</title>'</script><title>T</title>", "T"), ("<script><title>no</title>", nil),
        ("<style><title>no</title></style >x<title>T</title>", "T"),
        ("<svg><title>Close</title></svg><title>T</title>", "T"),
        ("<meta property=og:title content=T><title>no</title>", "T"),
        ("<meta name=twitter:title content=T><title>no</title>", "T"),
        ("<meta property=og:title content=''><title>T</title>", "T"),
        ("<meta property=og:title content=T><meta property=og:title content=no>", "T"),
        ("<meta property='og:title' content='a > b'>", "a > b"), ("<meta property='og:title' content='a", "a"),
        ("<meta property=og:title content=T", "T"), ("<meta =x property=og:title =content=y content=T>", "T"),
        ("<meta/property=og:title/content=T>", nil), ("<metaproperty=og:title content=T>", nil),
        ("<meta content=T>", nil), ("<meta property=og:title>", nil), ("<", nil), ("<meta", nil), ("<meta ", nil),
        ("<!--", nil), ("<title", nil), ("", nil), ("<meta property=og:title content=\"x\u{0}\u{202E}y\">", "xy"),
        ("<svg onload=alert(1)><title>no", nil), ("<title>&lt;b&gt;T&lt;/b&gt;</title>", "<b>T</b>"),
    ])
    func titlesAreFound(html: String, title: String?) {
        #expect(PageReader.facts(of: html).title == title)
    }

    @Test func longTextsAreCut() throws {
        let long = String(repeating: "word ", count: 100_000)
        let facts = PageReader.facts(
            of:
                "<title>\(long)</title><meta name=description content=\"\(long)\"><meta property=og:image content=\"\(long)\">"
        )
        #expect(try #require(facts.title).count <= PageFacts.maxTitle)
        #expect(try #require(facts.description).count <= PageFacts.maxDescription)
        #expect(facts.image == nil)
        #expect(facts.isPlausible)
    }

    /// The work grows with the page and not with its square: what is opened again and again and never closed, too.
    @Test(arguments: [
        "<meta ", "<!--", "<script>", "<title>", "<", "&amp;", "<meta property=og:title content=\"", "<meta a=' ",
        "-->",
        "<meta a", "</script", "<meta =", "\u{301}",
    ])
    func hostilePagesTakeLittle(piece: String) {
        /// Seconds of this thread's processor.
        func cost(_ count: Int) -> Double {
            let page = String(repeating: piece, count: count / piece.utf8.count)
            func now() -> Double {
                var time = timespec()
                clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
                return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
            }
            let start = now()
            _ = PageReader.facts(of: page)
            return now() - start
        }
        _ = cost(1000)
        let (small, large) = (cost(1 << 15), cost(1 << 19))
        // Sixteen times as much; its square would be 256 times.
        #expect(large < max(small, 0.001) * 100, "\(small), \(large)")
    }

    @Test func anythingIsRead() {
        var random = SeededRandom(seed: 22)
        let pieces = [
            "<", ">", "meta", " ", "property=", "og:title", "content=", "\"", "'", "<!--", "-->", "<title>", "</title>",
            "&#x", "&amp;", "é", "\u{0}", "<script", "</", "=", "/", "😀",
        ]
        for _ in 0..<2000 {
            let html = (0..<Int.random(in: 0..<60, using: &random)).map { _ in
                pieces.randomElement(using: &random) ?? ""
            }
            .joined()
            #expect(PageReader.facts(of: html).isPlausible, "\(html)")
        }
    }
}
