/// What is made from `SettingCatalog`.
public enum SettingDocuments {
    /// A settings file with every setting in a comment, and its default.
    /// - Parameter head: The first comment, in lines without `#`.
    static func settingsFile(head: String) -> String {
        var lines = head.split(separator: "\n", omittingEmptySubsequences: false).map { "# \($0)" }
        for group in SettingCatalog.groups {
            lines += ["", "# --- \(group.title) ---"]
            for setting in group.settings {
                let otherwise = setting.otherwise.isEmpty ? "" : " Without it: \(setting.otherwise)."
                lines += [""] + wrapped(setting.meaning + otherwise, to: 118).map { "# \($0)" }
                lines.append("#\(setting.name)=\(setting.value)")
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    /// `.env.example` of the repository, which `parley settings` prints.
    public static var example: String {
        settingsFile(
            head: """
                Every setting of Parley with its default. Copy this file to `.env` in the working directory and remove the `#`
                in front of what you change. A variable of the environment wins over this file.
                Made from Sources/ParleyServer/Configuration/SettingCatalog.swift; docs/OPERATIONS.md has the same list.
                """)
    }

    /// The table of docs/OPERATIONS.md.
    static var table: String {
        let rows = SettingCatalog.settings.map { setting in
            let value = setting.value.isEmpty ? setting.otherwise : "`\(setting.value)`"
            return "| `\(setting.name)` | \(value) | \(setting.meaning) |"
        }
        return (["| variable | default | |", "| --- | --- | --- |"] + rows).joined(separator: "\n") + "\n"
    }

    /// The list in the help of `parley serve`.
    public static var help: String {
        let lines = SettingCatalog.settings.map { setting in
            "\(setting.name) (\(setting.value.isEmpty ? setting.otherwise : setting.value)): \(setting.meaning)"
        }
        return "Settings, from the environment or a .env file:\n\n" + lines.joined(separator: "\n\n")
    }

    /// Lines of at most `width` characters, broken at blanks.
    private static func wrapped(_ text: String, to width: Int) -> [String] {
        var lines: [String] = []
        for word in text.split(separator: " ") {
            if let last = lines.last, last.count + 1 + word.count <= width {
                lines[lines.count - 1] = "\(last) \(word)"
            } else {
                lines.append(String(word))
            }
        }
        return lines
    }
}
