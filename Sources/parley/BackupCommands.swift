import ArgumentParser
import Foundation
import ParleyServer

struct BackupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Write database and files into a new directory, while the server runs.",
        discussion: """
            Files are hard-linked where the directory is on the same file system, else copied. Copy the directory to \
            another machine afterwards.
            """)
    @Argument(help: "A directory that does not exist yet.") var directory: String

    func run() async throws {
        try await operating { configuration, logger in
            let files = try await Administration.backUp(
                to: URL(filePath: directory), configuration, logger: logger, progress: { say($0) })
            print("\(directory): database and \(files) files")
        }
    }
}

struct RestoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Bring a backup into an empty server, and verify it.",
        discussion: """
            STORAGE_DIR has to be without uploads, and the database (DATABASE_URL, or the private one) without tables; no \
            server may run on them. Exit code 0: restored, and all holds; 2: restored, and something does not; 1: not restored.
            """)
    @Argument(help: "What parley backup wrote.") var directory: String

    func run() async throws {
        try await operating { configuration, logger in
            let violations = try await Administration.restore(
                from: URL(filePath: directory), configuration, logger: logger, progress: { say($0) })
            try report(violations)
        }
    }
}
