/// What is made from `SettingCatalog`.
public enum SettingDocuments {
    /// A settings file with every setting in a comment, and its default.
    /// - Parameter head: The first comment, in lines without `#`.
    static func settingsFile(head: String, _ installation: Installation = .inPlace) -> String {
        var lines = head.split(separator: "\n", omittingEmptySubsequences: false).map { "# \($0)" }
        for group in SettingCatalog.groups {
            lines += ["", "# --- \(group.title) ---"]
            for setting in group.settings {
                let otherwise = setting.otherwise.isEmpty ? "" : " Without it: \(setting.otherwise)."
                let meaning = installation.document(setting.meaning + otherwise)
                lines += [""] + wrapped(meaning, to: 118).map { "# \($0)" }
                lines.append("#\(setting.name)=\(installation.defaults[setting.name] ?? setting.value)")
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

    /// The settings file of a package.
    public static var packaged: String {
        settingsFile(
            head: """
                The settings of Parley, with their defaults. Remove the `#` in front of what you change, and restart:
                systemctl restart parley. What is wrong stands in: journalctl -u parley. parley.env(5) has the same list.
                """, .packaged)
    }

    /// parley.env(5), for man(1).
    public static var manual: String {
        let installation = Installation.packaged
        var lines = [
            ".TH PARLEY.ENV 5 \"\" \"Parley \(Version.current)\" \"Parley\"", ".SH NAME",
            "parley.env \\- settings of the Parley chat server", ".SH SYNOPSIS", ".I \(installation.settingsFile)",
            ".SH DESCRIPTION",
            roff(
                """
                Lines of the form NAME=value. A variable of the environment wins over the file. After a change, restart the \
                server: systemctl restart parley. A bad value stops the start with one line that names it.
                """),
        ]
        for group in SettingCatalog.groups {
            lines.append(".SH \(group.title.uppercased())")
            for setting in group.settings {
                let value = installation.defaults[setting.name] ?? setting.value
                let otherwise = value.isEmpty ? "Without it: \(setting.otherwise)." : "Default: \(value)."
                lines += [
                    ".TP", ".B \(setting.name)", roff(installation.document(setting.meaning)),
                    roff(installation.document(otherwise)),
                ]
            }
        }
        return (lines + [".SH SEE ALSO", ".BR parley (1)"]).joined(separator: "\n") + "\n"
    }

    /// Text that groff(7) prints as it is.
    private static func roff(_ text: String) -> String {
        let escaped = text.replacing("\\", with: "\\e").replacing("-", with: "\\-")
        return escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" + escaped : escaped
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
