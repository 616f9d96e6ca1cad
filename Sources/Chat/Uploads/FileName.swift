/// The name a file is shown and downloaded under. It never names anything on the server's disk.
enum FileName {
    /// In bytes: what file systems hold.
    static let maximumBytes = 255

    /// The last path component without control and bidirectional characters, cut to 255 bytes with its extension kept.
    static func cleaned(_ raw: String) -> String {
        let last = raw.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map(String.init) ?? ""
        let visible = String(String.UnicodeScalarView(last.unicodeScalars.filter(isAllowed)))
        let name = visible.trimmingPrefix(while: \.isWhitespace)
        guard !name.isEmpty, name != ".", name != ".." else { return "file" }
        return shortened(String(name))
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
        var stem = name[..<(dot ?? name.endIndex)]
        while stem.utf8.count > maximumBytes - ending.utf8.count { stem.removeLast() }
        return stem + ending
    }
}
