import ArgumentParser
import ParleyServer

struct SettingsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings", abstract: "Print every setting with its default, as a .env file.")

    @Flag(help: ArgumentHelp("As the package's settings file.", visibility: .hidden)) var packaged = false
    @Flag(help: ArgumentHelp("As the manual page parley.env(5).", visibility: .hidden)) var manual = false

    func run() {
        print(
            manual ? SettingDocuments.manual : packaged ? SettingDocuments.packaged : SettingDocuments.example,
            terminator: "")
    }
}
