import FoundationEssentials

/// JSON text of single values.
package enum JSONText {
    /// - Returns: The string as a JSON literal with its quotes.
    package static func quoted(_ string: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        // The encoder never throws here, because every Swift string has a JSON form.
        guard let data = try? encoder.encode(string) else { return "\"\"" }
        return String(decoding: data, as: UTF8.self)
    }
}
