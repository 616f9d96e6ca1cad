import ArgumentParser
import ParleyServer

struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Look at everything that the server needs, and say what is wrong.",
        discussion: """
            Changes nothing, and runs beside the server or without it: settings, permissions, disk, database, decoders, \
            public address, certificate, and the packages that read what people upload. Exit code 0: all is well; 1: there \
            are warnings; 2: there are errors.
            """)

    func run() async throws {
        var worst = Finding.Severity.fine
        do {
            try await operating { configuration, logger in
                await Doctor.examine(configuration, logger: logger) { finding in
                    print(Self.line(finding))
                    worst = max(worst, finding.severity)
                }
            }
        } catch let code as ExitCode where code == .failure {
            // The settings cannot be read, and the line that says why is printed.
            throw ExitCode(2)
        }
        guard worst == .fine else { throw ExitCode(Int32(worst.rawValue)) }
    }

    private static func line(_ finding: Finding) -> String {
        let mark =
            switch finding.severity {
            case .fine: "ok      "
            case .warning: "warning "
            case .error: "ERROR   "
            }
        return "\(mark) \(finding.topic): \(finding.text)" + (finding.advice.map { "\n         -> \($0)" } ?? "")
    }
}
