/// A search for names: each word of the text is the beginning of a word to be found.
enum PrefixSearch {
    /// The text for `to_tsquery`; empty when the text has no word.
    static func query(_ text: String) -> String {
        text.split { !$0.isLetter && !$0.isNumber }.map { "\($0):*" }.joined(separator: " & ")
    }
}
