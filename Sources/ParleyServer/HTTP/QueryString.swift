/// The query of a URL, read as a form is (URL Standard, section 5.1): a plus is a blank, in names and in values.
struct QueryString {
    private let text: Substring

    /// - Parameter text: What follows the question mark, as it was sent.
    init(_ text: some StringProtocol) { self.text = Substring(text) }

    /// The value of the first item with this name; nil when there is none.
    subscript(_ name: String) -> String? {
        for item in text.utf8.split(separator: UInt8(ascii: "&")) {
            let parts = item.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            // Bytes are compared: to compare strings takes time that grows with the square of their combining marks.
            guard Self.decode(parts[0]).utf8.elementsEqual(name.utf8) else { continue }
            return parts.count > 1 ? Self.decode(parts[1]) : ""
        }
        return nil
    }

    private static func decode(_ text: Substring.UTF8View) -> String {
        PercentEncoding.decode(String(decoding: text.map { $0 == plus ? blank : $0 }, as: UTF8.self))
    }

    private static let plus = UInt8(ascii: "+")
    private static let blank = UInt8(ascii: " ")
}
