/// The name under which a file is shown and downloaded. No file on the server's disk has it.
package enum FileName {
    /// In bytes, as file systems limit it.
    package static let maxBytes = 255

    /// The last path component without control and bidirectional characters, cut to 255 bytes but with its extension.
    ///
    /// Works on scalars: a slash with a combining mark behind it is one character, which does not equal a slash.
    package static func cleaned(_ raw: String) -> String {
        let last = raw.unicodeScalars.split { $0 == "/" || $0 == "\\" }.last ?? Substring().unicodeScalars
        let name = last.filter(isAllowed).drop { $0.properties.isWhitespace }
        switch String(String.UnicodeScalarView(name)) {
        case "", ".", "..": return "file"
        case let name: return shortened(name)
        }
    }

    private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator, .surrogate: false
        // Direction marks, embeddings, overrides and isolates (Unicode UAX #9, section 2) can make `gpj.exe` look like
        // a picture.
        default: !scalar.properties.isBidiControl
        }
    }

    private static func shortened(_ name: String) -> String {
        guard name.utf8.count > maxBytes else { return name }
        let dot = name.lastIndex(of: ".").flatMap { name[$0...].utf8.count <= 16 ? $0 : nil }
        let ending = dot.map { String(name[$0...]) } ?? ""
        var room = maxBytes - ending.utf8.count
        let stem = name[..<(dot ?? name.endIndex)].unicodeScalars.prefix { scalar in
            room -= UTF8.width(scalar)
            return room >= 0
        }
        return String(stem) + ending
    }
}
