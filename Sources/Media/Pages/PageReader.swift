/// Finds in a page what it says of itself for others: Open Graph's properties, those of Twitter's cards, the title and the
/// description.
///
/// This is no parser of HTML. It looks for `<title>` and `<meta>` outside of comments and scripts, which is all that a card
/// needs, in one pass over the bytes. It was preferred to libxml2, which Debian has through libvips: its HTML parser follows
/// HTML 4, its maintainers look for somebody to keep it safe, and a page is anybody's. Even so this runs in a worker's
/// sandbox: what it takes for granted wrongly ends a process for one page, and not the server.
struct PageReader {
    private let html: String.UTF8View
    private var index: String.UTF8View.Index
    private var title: String?
    private var properties: [String: String] = [:]

    /// In bytes, of one attribute. A longer one is cut.
    private static let maxValue = 8192
    private static let maxAttributes = 40

    static func facts(of text: String) -> PageFacts {
        var text = text
        // One piece of memory, where an index is an offset.
        text.makeContiguousUTF8()
        var reader = PageReader(text.utf8)
        reader.read()
        return reader.facts
    }

    private init(_ html: String.UTF8View) {
        self.html = html
        index = html.startIndex
    }

    private var facts: PageFacts {
        func first(_ names: String..., max: Int) -> String? {
            names.lazy.compactMap { properties[$0].flatMap { PageText.shown($0, max: max) } }.first
        }
        let image = ["og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src"].lazy
            .compactMap { properties[$0] }.first { !$0.isEmpty && $0.utf8.count <= PageFacts.maxImage }
        return PageFacts(
            title: first("og:title", "twitter:title", max: PageFacts.maxTitle)
                ?? title.flatMap { PageText.shown($0, max: PageFacts.maxTitle) },
            description: first(
                "og:description", "twitter:description", "description", max: PageFacts.maxDescription),
            siteName: first("og:site_name", "application-name", max: PageFacts.maxSiteName), image: image)
    }

    private static let wanted: Set<String> = [
        "og:title", "twitter:title", "og:description", "twitter:description", "description", "og:site_name",
        "application-name", "og:image:secure_url", "og:image", "og:image:url", "twitter:image", "twitter:image:src",
    ]

    /// What stands in these is no markup, or not the page's, whatever it looks like.
    private static let opaque = ["script", "style", "textarea", "noscript", "template", "svg"]

    private mutating func read() {
        while let start = html[index...].firstIndex(of: UInt8(ascii: "<")) {
            index = html.index(after: start)
            guard let next = current, "!tmsn".utf8.contains(Self.lower(next)) else { continue }
            if skips("!--") {
                skip(past: "-->")
            } else if skipsName("title") {
                readTitle()
            } else if skipsName("meta") {
                readMeta()
            } else if let name = Self.opaque.first(where: { skipsName($0) }) {
                skip(past: "</" + name)
            }
        }
    }

    // MARK: Elements

    private mutating func readTitle() {
        skip(past: ">")
        let start = index
        let end = skip(past: "</title")
        // A page has one title.
        guard title == nil else { return }
        // One that nobody closes ends where the next tag begins, at the latest.
        let last = end ?? html[start...].firstIndex(of: UInt8(ascii: "<")) ?? html.endIndex
        title = HTMLEntities.decoded(Substring(html[start..<last]).utf8.prefix(Self.maxValue))
    }

    private mutating func readMeta() {
        var name: String?
        var content: String?
        for _ in 0..<Self.maxAttributes {
            guard let attribute = nextAttribute() else { break }
            switch attribute.name {
            case "property", "name", "itemprop":
                let key = HTMLEntities.decoded(attribute.value).lowercased()
                if Self.wanted.contains(key) { name = name ?? key }
            case "content": content = content ?? HTMLEntities.decoded(attribute.value)
            default: break
            }
        }
        // The first of several is the page's choice.
        if let name, let content, properties[name] == nil { properties[name] = Self.trimmed(content) }
    }

    private static func trimmed(_ text: String) -> String {
        var text = text[...]
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    /// nil at the end of the tag, which is passed then.
    private mutating func nextAttribute() -> (name: String, value: Substring.UTF8View)? {
        while let byte = current, Self.isBlank(byte) || byte == UInt8(ascii: "/") { advance() }
        guard let byte = current else { return nil }
        if byte == UInt8(ascii: ">") {
            advance()
            return nil
        }
        let start = index
        // A name may begin with `=`.
        advance()
        while let byte = current, !Self.isBlank(byte), !"=>/".utf8.contains(byte) { advance() }
        let name = String(Substring(html[start..<index].prefix(20))).lowercased()
        while let byte = current, Self.isBlank(byte) { advance() }
        guard current == UInt8(ascii: "=") else { return (name, Substring().utf8) }
        advance()
        while let byte = current, Self.isBlank(byte) { advance() }
        return (name, value().prefix(Self.maxValue))
    }

    private mutating func value() -> Substring.UTF8View {
        guard let quote = current, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else {
            let start = index
            while let byte = current, !Self.isBlank(byte), byte != UInt8(ascii: ">") { advance() }
            return Substring(html[start..<index]).utf8
        }
        advance()
        let start = index
        let end = html[start...].firstIndex(of: quote) ?? html.endIndex
        index = end == html.endIndex ? end : html.index(after: end)
        return Substring(html[start..<end]).utf8
    }

    // MARK: Bytes

    private var current: UInt8? { index < html.endIndex ? html[index] : nil }

    private mutating func advance() { index = html.index(after: index) }

    private static func isBlank(_ byte: UInt8) -> Bool { byte <= 0x20 }

    /// Passes a text, whatever its case, if it stands here.
    private mutating func skips(_ text: String) -> Bool {
        var place = index
        for byte in text.utf8 {
            guard place < html.endIndex, Self.lower(html[place]) == byte else { return false }
            place = html.index(after: place)
        }
        index = place
        return true
    }

    /// Passes the name of a tag.
    private mutating func skipsName(_ name: String) -> Bool {
        let start = index
        guard skips(name) else { return false }
        guard let byte = current, Self.isBlank(byte) || byte == UInt8(ascii: ">") || byte == UInt8(ascii: "/") else {
            index = start
            return false
        }
        return true
    }

    private static func lower(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte | 0x20 : byte }

    /// Passes everything up to and including a text, or all that is left.
    /// - Returns: Where the text begins; nil if it is nowhere.
    @discardableResult
    private mutating func skip(past text: String) -> String.UTF8View.Index? {
        guard let first = text.utf8.first else { return nil }
        while let place = html[index...].firstIndex(of: first) {
            index = place
            if skips(text) { return place }
            advance()
        }
        index = html.endIndex
        return nil
    }
}
