import Foundation
package import Glibc

/// Programs of PostgreSQL's, run as an account that it accepts.
///
/// By `posix_spawn` rather than Foundation's `Process`, which waits for the end of a socket that another child, started
/// in the same moment, may have inherited: with a server among them, such a wait never ends.
package enum Command {
    /// The command line that runs a program as the unprivileged account, ended by the kernel with the thread that
    /// started it if `diesWithParent`.
    static func line(_ executable: String, _ arguments: [String], diesWithParent: Bool = false) -> [String] {
        // The account may not enter the directory that the tests run in.
        var line = ["/usr/bin/env", "--chdir=/tmp", "/usr/bin/setpriv"]
        if let account = Account.unprivileged {
            line += ["--reuid=\(account.user)", "--regid=\(account.group)", "--clear-groups"]
        }
        if diesWithParent { line += ["--pdeathsig=INT"] }
        return line + ["--", executable] + arguments
    }

    /// Runs a program to its end and answers what it printed; throws what it complained about.
    @discardableResult
    package static func run(_ executable: String, _ arguments: [String]) throws -> String {
        let output = FileManager.default.temporaryDirectory.appending(path: "parley-postgres-\(UUID()).out").path
        defer { try? FileManager.default.removeItem(atPath: output) }
        let status = wait(for: try spawn(line(executable, arguments), output: output))
        let text = try String(contentsOfFile: output, encoding: .utf8)
        guard status == 0 else { throw TestCluster.Failure(description: "\(executable) failed: \(text)") }
        return text.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Starts a program whose output goes to a file.
    package static func spawn(_ line: [String], output: String) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
        var arguments = line.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        let error = posix_spawn(&pid, line[0], &actions, nil, &arguments, environ)
        guard error == 0 else {
            throw TestCluster.Failure(description: "\(line[0]): \(String(cString: strerror(error)))")
        }
        return pid
    }

    /// Waits for a child's end; 0 means success.
    package static func wait(for pid: pid_t) -> Int32 {
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0 {
            guard errno == EINTR else { return -1 }
        }
        return status
    }
}
