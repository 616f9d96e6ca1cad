/// The texts of a page, as they are shown: in one line, without what steers a terminal or turns the direction of writing, and
/// not longer than fits.
enum PageText {
    /// - Returns: nil for a text with nothing to see.
    static func shown(_ text: String, max: Int) -> String? {
        var line = String.UnicodeScalarView()
        var isAfterBlank = true
        for scalar in text.unicodeScalars {
            if scalar.properties.isWhitespace {
                if !isAfterBlank { line.append(" ") }
                isAfterBlank = true
            } else if !isHidden(scalar) {
                line.append(scalar)
                isAfterBlank = false
            }
            // A character may have any number of marks.
            if line.count >= 4 * max { break }
        }
        while line.last == " " { line.removeLast() }
        let whole = String(line)
        guard !whole.isEmpty else { return nil }
        guard whole.count > max || line.count >= 4 * max else { return whole }
        return String(whole.prefix(max - 1)).trimmingBlanks + "…"
    }

    /// Controls, what has no meaning, and what changes the direction of what stands behind it.
    static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF, 0xFFF9...0xFFFB: true
        default:
            switch scalar.properties.generalCategory {
            case .control, .unassigned, .privateUse, .surrogate, .lineSeparator, .paragraphSeparator: true
            default: false
            }
        }
    }
}

extension String {
    fileprivate var trimmingBlanks: String {
        var text = self
        while text.last == " " { text.removeLast() }
        return text
    }
}
