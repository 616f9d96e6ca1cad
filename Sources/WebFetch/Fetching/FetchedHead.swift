/// What is known of an answer before its body.
package struct FetchedHead: Sendable, Equatable {
    /// Where the redirects led.
    package var address: WebAddress
    /// In lower case, without parameters.
    package var type: String
    /// As the header field names it.
    package var charset: String?

    package init(address: WebAddress, contentType: String) {
        self.address = address
        var parameters = contentType.split(separator: ";", omittingEmptySubsequences: false)[...]
        type = parameters.popFirst().map(Self.trimmed)?.lowercased() ?? ""
        charset =
            parameters.lazy.compactMap { parameter -> String? in
                let pair = parameter.split(separator: "=", maxSplits: 1)
                guard pair.count == 2, Self.trimmed(pair[0]).lowercased() == "charset" else { return nil }
                return String(Self.trimmed(pair[1]).drop { $0 == "\"" || $0 == "'" }.prefix { $0 != "\"" && $0 != "'" })
            }.first
    }

    private static func trimmed(_ text: Substring) -> String {
        let isBlank = { (character: Character) in character == " " || character == "\t" }
        var text = text.drop(while: isBlank)
        while let last = text.last, isBlank(last) { text.removeLast() }
        return String(text)
    }
}
