/// The name a file is shown and downloaded under. It never names anything on the server's disk.
package enum FileName {
    /// In bytes: what file systems hold.
    package static let maximumBytes = 255

    /// The last path component without control and bidirectional characters, cut to 255 bytes with its extension kept.
    ///
    /// Scalar by scalar: a slash and a combining mark behind it are one character, which is no slash.
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
        // Direction marks, embeddings, overrides and isolates (Unicode UAX #9 § 2) can make `gpj.exe` look like a
        // picture.
        default: !scalar.properties.isBidiControl
        }
    }

    private static func shortened(_ name: String) -> String {
        guard name.utf8.count > maximumBytes else { return name }
        let dot = name.lastIndex(of: ".").flatMap { name[$0...].utf8.count <= 16 ? $0 : nil }
        let ending = dot.map { String(name[$0...]) } ?? ""
        var room = maximumBytes - ending.utf8.count
        let stem = name[..<(dot ?? name.endIndex)].unicodeScalars.prefix { scalar in
            room -= UTF8.width(scalar)
            return room >= 0
        }
        return String(stem) + ending
    }
}
