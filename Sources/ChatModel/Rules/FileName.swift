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

    /// The name with another ending in the place of its own.
    package static func cleaned(_ name: String, ending: String) -> String { fitted(parts(of: name).stem, ending) }

    /// The names of files that are put into one directory: a name that another file has before it gets a number, `a (2).jpg`.
    /// Names that differ in case or in their Unicode form only are one name on some systems.
    package static func distinct(_ names: [String]) -> [String] {
        var taken: Set<String> = []
        return names.map { name in
            let (stem, ending) = parts(of: name)
            var (candidate, number) = (name, 1)
            while !taken.insert(candidate.lowercased()).inserted {
                number += 1
                candidate = fitted(stem, " (\(number))\(ending)")
            }
            return candidate
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
        let (stem, ending) = parts(of: name)
        return fitted(stem, ending)
    }

    /// What is before the last dot, and the rest. A long extension is none.
    private static func parts(of name: String) -> (stem: Substring, ending: Substring) {
        let dot = name.lastIndex(of: ".").flatMap { name[$0...].utf8.count <= 16 ? $0 : nil } ?? name.endIndex
        return (name[..<dot], name[dot...])
    }

    /// `ending` behind as much of `stem` as fits.
    private static func fitted(_ stem: Substring, _ ending: some StringProtocol) -> String {
        var room = maxBytes - ending.utf8.count
        let start = stem.unicodeScalars.prefix { scalar in
            room -= UTF8.width(scalar)
            return room >= 0
        }
        return String(start) + ending
    }
}
