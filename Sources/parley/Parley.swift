import ArgumentParser
import Foundation
import Media
import ParleyServer

@main
enum Program {
    static func main() async {
        // Before everything else: a worker can sandbox itself only before any other thread runs.
        if CommandLine.arguments.dropFirst().first == MediaWorker.argument { MediaWorker.main() }
        await Parley.main()
    }
}

struct Parley: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parley",
        abstract: "A self-hosted chat server.",
        discussion: """
            Settings come from the environment, and from .env in the working directory or, where a package installed the \
            program, from /etc/parley/parley.env; parley serve --help lists them.
            """,
        version: "parley \(Version.current)",
        subcommands: [
            Serve.self, Migrate.self, UserCommand.self, VerifyCommand.self, BackupCommand.self, RestoreCommand.self,
            StorageCommand.self, NodesCommand.self, DoctorCommand.self, PostgresCommand.self, SettingsCommand.self,
        ],
        defaultSubcommand: Serve.self)
}

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Serve until SIGTERM or SIGINT.", discussion: SettingDocuments.help)

    func run() async throws {
        try await reporting { configuration, logger in try await Server.run(configuration, logger: logger) }
    }
}

struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Bring the database's schema up to date, and end.",
        discussion: "What the upgrade changes is saved before, in STORAGE_DIR/backups/before-VERSION, as at each start."
    )

    @Flag(inversion: .prefixedNo, help: "Save the database before, where something has to be changed.")
    var backup = true

    func run() async throws {
        try await reporting { configuration, logger in
            try await Server.migrate(configuration, backup: backup, logger: logger)
        }
    }
}
