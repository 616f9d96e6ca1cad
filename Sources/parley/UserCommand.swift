import ArgumentParser
import Foundation
import ParleyServer

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "Create and manage accounts, with or without a running server.",
        subcommands: [Create.self, Disable.self, Enable.self, ResetPassword.self, Promote.self])

    /// A password from standard input, so that it is in no process list and no shell history; or a new one.
    private static func password() -> (text: String, isNew: Bool) {
        if isatty(STDIN_FILENO) == 0, let line = readLine(), !line.isEmpty { return (line, false) }
        return (makePassword(), true)
    }

    private static func makePassword() -> String {
        let letters = Array("abcdefghijkmnopqrstuvwxyz23456789")
        var random = SystemRandomNumberGenerator()
        let groups = (0..<4).map { _ in
            String((0..<5).map { _ in letters[Int.random(in: 0..<letters.count, using: &random)] })
        }
        return groups.joined(separator: "-")
    }

    private static let passwordHelp =
        "The password is read from standard input (one line): parley user … < file. At a terminal one is made up and printed."

    struct Create: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Create an account.", discussion: passwordHelp)
        @Argument(help: "3 to 32 characters of a-z, 0-9, _ . -") var name: String
        @Option(help: "The name that others see; the user name by default.") var displayName: String?

        func run() async throws {
            try await operating { configuration, logger in
                let password = UserCommand.password()
                try await Administration.createUser(
                    name, displayName: displayName, password: password.text, configuration, logger: logger)
                if password.isNew { print(password.text) }
            }
        }
    }

    struct Disable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Close an account: its sessions end at once, and nobody can sign in to it.")
        @Argument var name: String

        func run() async throws {
            try await operating { try await Administration.setEnabled(false, user: name, $0, logger: $1) }
        }
    }

    struct Enable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Open a disabled account again.")
        @Argument var name: String

        func run() async throws {
            try await operating { try await Administration.setEnabled(true, user: name, $0, logger: $1) }
        }
    }

    struct ResetPassword: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Set a new password and end all sessions of the account.", discussion: passwordHelp)
        @Argument var name: String

        func run() async throws {
            try await operating { configuration, logger in
                let password = UserCommand.password()
                try await Administration.resetPassword(of: name, to: password.text, configuration, logger: logger)
                if password.isNew { print(password.text) }
            }
        }
    }

    struct Promote: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a user a moderator: a database role that may use the schema moderation, and nothing else.",
            discussion: """
                Moderation is done in psql (docs/MODERATION.md). The role and a new password for it are printed; done \
                again, the password before is good no longer. Undone by: DROP ROLE "…".
                """)
        @Argument var name: String

        func run() async throws {
            try await operating { configuration, logger in
                let password = UserCommand.makePassword()
                print(try await Administration.promote(name, password: password, configuration, logger: logger))
                print(password)
            }
        }
    }
}
