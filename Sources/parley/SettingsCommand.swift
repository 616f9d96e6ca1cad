import ArgumentParser
import ParleyServer

struct SettingsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings", abstract: "Print every setting with its default, as a .env file.")

    func run() { print(SettingDocuments.example, terminator: "") }
}
