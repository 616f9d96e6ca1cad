import ArgumentParser
import Chat
import ParleyServer

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check that the database and the files hold together.",
        discussion: """
            Without --repair it changes nothing and may run beside the server. Exit code 0: all holds, or was repaired; 2: \
            something does not hold; 1: it could not be checked.
            """)

    @Flag(
        help: """
            While the server is stopped: delete files that nobody refers to, mark uploads whose file is lost as removed, and \
            no longer offer lost thumbnails.
            """)
    var repair = false

    @Flag(help: "Let --repair mark every upload as removed when not a single file is there.")
    var acceptTotalLoss = false

    func validate() throws {
        guard repair || !acceptTotalLoss else { throw ValidationError("--accept-total-loss needs --repair") }
    }

    func run() async throws {
        try await operating { configuration, logger in
            do {
                let repair = repair ? (acceptTotalLoss ? Verification.Repair.totalLoss : .differences) : .nothing
                let violations = try await Administration.verify(configuration, repair: repair, logger: logger) {
                    say("checking: \($0)")
                }
                try report(violations, areRepaired: self.repair)
            } catch let loss as Verification.TotalLoss {
                say(
                    "parley: \(loss). Is STORAGE_DIR right, and its disk mounted? If they are lost: --accept-total-loss"
                )
                throw ExitCode.failure
            }
        }
    }
}

/// Prints what does not hold, or that everything does.
/// - Parameter areRepaired: whether what can be repaired was.
func report(_ violations: [Verification.Violation], areRepaired: Bool = false) throws {
    for violation in violations { print(violation) }
    let repaired = areRepaired ? violations.count(where: \.isRepairable) : 0
    if repaired > 0 { print("\(repaired) repaired") }
    guard violations.count == repaired else { throw ExitCode(2) }
    print("ok")
}

/// The name that `parley verify` had for the comparison of files. It goes with the release after 0.2.
struct StorageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storage", abstract: "The old name of parley verify.", shouldDisplay: false,
        subcommands: [Check.self])

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "The old name of parley verify.")

        @OptionGroup var verify: VerifyCommand

        func run() async throws {
            say("parley: storage check is called verify now")
            do {
                try await verify.run()
            } catch let code as ExitCode where code == ExitCode(2) {
                // Its own code for differences.
                throw ExitCode.failure
            }
        }
    }
}
