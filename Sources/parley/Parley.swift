import ArgumentParser
import Foundation
import Logging
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
        discussion: "Settings come from the environment or from a .env file; docs/OPERATIONS.md lists them.",
        version: "parley \(Version.current)",
        subcommands: [
            Serve.self, Migrate.self, UserCommand.self, VerifyCommand.self, BackupCommand.self, RestoreCommand.self,
            StorageCommand.self, DoctorCommand.self,
        ],
        defaultSubcommand: Serve.self)
}

struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Serve until SIGTERM or SIGINT.")

    func run() async throws {
        try await reporting { configuration, logger in try await Server.run(configuration, logger: logger) }
    }
}

struct Migrate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Bring the database's schema up to date, and end.")

    func run() async throws {
        try await reporting { configuration, logger in try await Server.migrate(configuration, logger: logger) }
    }
}

struct StorageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storage", abstract: "Look after the stored files.", subcommands: [Check.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Compare the stored files with the database, while the server is stopped.",
            discussion: "Lists what is missing and what nobody refers to; exit code 1 if there is any.")

        @Flag(help: "Delete files nobody refers to, and mark uploads whose file is lost as removed.")
        var repair = false

        func run() async throws {
            try await reporting { configuration, logger in
                guard try await Administration.checkStorage(configuration, repair: repair, logger: logger) else {
                    throw ExitCode.failure
                }
            }
        }
    }
}
