import ArgumentParser
import ParleyServer

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check that the database and the files hold together.",
        discussion:
            "Changes nothing, and may run beside the server. Exit code 0: all holds; 2: something does not; 1: it could not be checked."
    )

    func run() async throws {
        try await operating { configuration, logger in
            let violations = try await Administration.verify(configuration, logger: logger) { say("checking: \($0)") }
            try report(violations)
        }
    }
}

/// Prints what does not hold, or that everything does.
func report(_ violations: [Administration.Violation]) throws {
    for violation in violations { print(violation) }
    guard violations.isEmpty else { throw ExitCode(2) }
    print("ok")
}
