import ArgumentParser
import ParleyServer

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Name outdated libraries among those that read what people upload.",
        discussion: """
            Asks dpkg and apt, and changes nothing. Exit code 0: apt knows no newer versions; 2: it does; 1: that could not \
            be found out.
            """)

    func run() async throws {
        let diagnosis: Administration.Diagnosis
        do {
            diagnosis = try await Administration.diagnose()
        } catch {
            say("parley: \(error)")
            throw ExitCode.failure
        }
        let updates = Dictionary(diagnosis.outdated.map { ($0.package, $0) }, uniquingKeysWith: { first, _ in first })
        for (package, version) in diagnosis.versions {
            let update = updates[package].map { "  -> \($0.version)\($0.isSecurity ? " (security)" : "")" } ?? ""
            print("\(package) \(version)\(update)")
        }
        if let obstacle = diagnosis.obstacle { say("parley: \(obstacle)") }
        if !diagnosis.outdated.isEmpty { throw ExitCode(2) }
        if diagnosis.obstacle != nil { throw ExitCode.failure }
    }
}
