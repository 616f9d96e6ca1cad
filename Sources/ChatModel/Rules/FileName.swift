/// The name under which a file is shown and downloaded. No file on the server's disk has it.
package enum FileName {
    /// In bytes, as file systems limit it.
    package static let maxBytes = 255

    /// The last path component without what a name must not have (`NameText`), cut to 255 bytes but with its extension.
    /// Cleaned and not refused: the name is not what somebody uploads a file for.
    ///
    /// Works on scalars: a slash with a combining mark behind it is one character, which does not equal a slash.
    package static func cleaned(_ raw: String) -> String {
        let last = raw.unicodeScalars.split { $0 == "/" || $0 == "\\" }.last ?? Substring().unicodeScalars
        let name = NameText(Substring(last))
        switch name.text {
        case _ where name.isEmpty, ".", "..": return "file"
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
        let room = maxBytes - ending.utf8.count
        let characters = stem[..<end(of: room, in: stem) { $0.utf8.count }]
        guard characters.isEmpty else { return String(characters) + ending }
        // One character that is longer than a name.
        return String(stem[..<end(of: room, in: stem.unicodeScalars) { UTF8.width($0) }]) + ending
    }

    /// Where the elements end that fit into `room` bytes.
    private static func end<Elements: Collection>(
        of room: Int, in elements: Elements, bytes: (Elements.Element) -> Int
    ) -> Elements.Index {
        var room = room
        return elements.indices.first { index in
            room -= bytes(elements[index])
            return room < 0
        } ?? elements.endIndex
    }
}
