import ArgumentParser
import Foundation
import ParleyServer

struct PostgresCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "postgres", abstract: "Look after the private PostgreSQL.", subcommands: [Upgrade.self])

    struct Upgrade: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Move the private PostgreSQL to the newest installed version, while the server is stopped.",
            discussion: """
                pg_upgrade copies the cluster, so there has to be room for a second one, and both versions have to be \
                installed. The old cluster is kept as STORAGE_DIR/postgres.VERSION until --confirm deletes it.
                """)

        @Flag(help: "Delete the cluster that an earlier upgrade kept.")
        var confirm = false

        func run() async throws {
            try await operating { configuration, logger in
                if confirm {
                    let deleted = try PostgresUpgrade.confirm(configuration)
                    print(
                        deleted.isEmpty
                            ? "nothing is kept" : deleted.map { "deleted \($0.path)" }.joined(separator: "\n"))
                } else {
                    let upgrade = try await PostgresUpgrade.run(configuration, logger: logger) { say($0) }
                    print(
                        "upgraded from \(upgrade.from) to \(upgrade.to); the old cluster is kept in \(upgrade.kept.path)"
                    )
                    print("when all is well: parley postgres upgrade --confirm")
                }
            }
        }
    }
}
