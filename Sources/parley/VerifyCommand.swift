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

struct StorageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storage", abstract: "Move the files of uploads.", subcommands: [Move.self, Check.self])

    struct Move: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Take the files of uploads from the disk to the object store, or back.",
            discussion: """
                Runs beside the server or without it, and goes on where it was broken off. The hash of each file is checked; \
                a lost or damaged one stays where it is, and is named. Before files go to the store, restart the server \
                with the settings S3_… After they came back, stop the server, run this again for what came meanwhile and \
                for the old objects, and start it without these settings. Exit code 2: some files are lost or damaged.
                """)

        @Argument(help: "Where to: store or disk.")
        var target: String

        func run() async throws {
            guard let target = ContentMove.Target(rawValue: target) else {
                throw ValidationError("where to: store or disk")
            }
            try await operating { configuration, logger in
                let outcome = try await Administration.move(to: target, configuration, logger: logger) { say($0) }
                for address in outcome.damaged { print("lost or damaged: \(address)") }
                if outcome.hasLeftObjects {
                    say(
                        "objects that somebody may be reading stay for an hour; the running server deletes them, or this "
                            + "command once it has stopped")
                }
                print("\(outcome.moved) files moved, \(outcome.bytes) bytes")
                guard outcome.damaged.isEmpty else { throw ExitCode(2) }
            }
        }
    }

    /// The name that `parley verify` had for the comparison of files. It goes with the release after 0.2.
    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "The old name of parley verify.", shouldDisplay: false)

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
