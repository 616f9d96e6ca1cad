import ArgumentParser
import ParleyServer

struct SettingsCommand: ParsableCommand {
    enum Format: String, ExpressibleByArgument, CaseIterable { case file, manual }

    static let configuration = CommandConfiguration(
        commandName: "settings", abstract: "Print every setting with its default, as a settings file.")

    @Option(help: ArgumentHelp("What to print: a settings file, or the manual page.", visibility: .hidden))
    var format = Format.file

    @Option(help: ArgumentHelp("The manual page's date.", visibility: .hidden))
    var date = ""

    func run() {
        switch format {
        case .file: print(SettingDocuments.packageFile, terminator: "")
        case .manual: print(SettingDocuments.manual(date: date), terminator: "")
        }
    }
}
