import Foundation
import Glibc
import Logging
import SystemPackage

/// The files of the private PostgreSQL: where they are, who owns them, and which programs belong to them.
///
/// If root starts it, PostgreSQL runs as an unprivileged account, which may be unable to enter the directories above
/// the data directory. So its programs get the data directory as an open descriptor and name it `/proc/self/fd/3`.
struct PrivateCluster: Sendable {
    private static let dataDescriptor: Int32 = 3

    let directory: URL
    let programs: URL
    private let account: Account?

    /// An unprivileged account, when this process is root.
    private struct Account {
        let user: uid_t
        let group: gid_t
    }

    init(storage: URL) throws {
        let directory = storage.appending(path: "postgres").absoluteURL.standardizedFileURL
        try self.init(directory: directory, programs: Self.findPrograms(for: directory))
    }

    private init(directory: URL, programs: URL) throws {
        self.directory = directory
        self.programs = programs
        account = geteuid() == 0 ? try Self.findAccount() : nil
    }

    /// A cluster beside this one, for the newest installed version.
    func successor() throws -> PrivateCluster {
        let directory = directory.deletingLastPathComponent().appending(path: "postgres.new")
        return try PrivateCluster(directory: directory, programs: Self.newestPrograms())
    }

    /// The version of PostgreSQL that made the cluster; nil where there is none.
    var version: Int? { Self.version(of: directory) }

    private static func version(of directory: URL) -> Int? {
        (try? String(contentsOf: directory.appending(path: "PG_VERSION"), encoding: .utf8))
            .flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    /// Those of the newest installed version, which can talk to any older server.
    static func newestPrograms() throws -> URL { programs(of: try newestVersion()) }

    private static let root = URL(filePath: "/usr/lib/postgresql")

    private static func programs(of version: Int) -> URL { root.appending(path: "\(version)/bin") }

    private static func isInstalled(_ version: Int) -> Bool {
        FileManager.default.isExecutableFile(atPath: programs(of: version).appending(path: "postgres").path)
    }

    static func newestVersion() throws -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path)) ?? []
        guard let newest = names.compactMap({ Int($0) }).filter(isInstalled).max() else {
            throw OperatorError(
                "PostgreSQL is not installed: apt-get install postgresql, or set DATABASE_URL to a server")
        }
        return newest
    }

    /// Those of the version that made the cluster, or of the newest installed one for a new cluster.
    private static func findPrograms(for directory: URL) throws -> URL {
        guard let made = version(of: directory) else { return try newestPrograms() }
        guard isInstalled(made) else {
            throw OperatorError(
                """
                \(directory.path) was made by PostgreSQL \(made), which is not installed here: apt-get install \
                postgresql-\(made); with a newer one beside it, parley postgres upgrade moves the cluster
                """)
        }
        return programs(of: made)
    }

    private static func findAccount() throws -> Account {
        for name in ["postgres", "nobody"] {
            if let entry = getpwnam(name)?.pointee, entry.pw_uid != 0 {
                return Account(user: entry.pw_uid, group: entry.pw_gid)
            }
        }
        throw OperatorError("PostgreSQL does not run as root, and there is no account postgres or nobody here")
    }

    /// Makes the cluster if there is none. An unfinished one is made again.
    /// - Parameter options: of initdb(1), beyond the usual ones.
    func prepare(options: [String] = [], logger: Logger) async throws {
        let files = FileManager.default
        if files.fileExists(atPath: directory.appending(path: "PG_VERSION").path) { return }
        logger.notice("making a private PostgreSQL", metadata: ["directory": "\(directory.path)"])
        let partial = directory.appendingPathExtension("partial")
        try? files.removeItem(at: partial)
        try files.createDirectory(
            at: partial, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        try give(partial)
        let log = partial.deletingLastPathComponent().appending(path: "postgres.initdb.log")
        let status = try await run(
            "initdb",
            [
                "--username=\(ClusterRoles.owner)", "--auth=peer", "--encoding=UTF8", "--locale=C.UTF-8",
                "--no-instructions",
            ] + options,
            data: partial, log: log
        ).waitForExit()
        guard status == 0 else { throw OperatorError("initdb failed: see \(log.path)") }
        try? files.removeItem(at: log)
        try? files.removeItem(at: directory)
        try files.moveItem(at: partial, to: directory)
    }

    /// Starts one of PostgreSQL's programs on the data directory.
    func run(_ program: String, _ arguments: [String], data: URL, log: URL) throws -> ChildProcess {
        let dataDirectory = open(data.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard dataDirectory >= 0 else { throw OperatorError("\(data.path) cannot be opened") }
        defer { close(dataDirectory) }
        let output = open(log.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw OperatorError("\(log.path) cannot be written") }
        defer { close(output) }
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(null) }
        let command =
            [programs.appending(path: program).path, "-D", account == nil ? data.path : "/proc/self/fd/3"] + arguments
        return try ChildProcess(
            unprivileged(command), environment: ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"],
            descriptors: [0: null, 1: output, 2: output, Self.dataDescriptor: dataDirectory])
    }

    /// Runs `pg_upgrade`, which copies the content of this cluster into its successor. Both are stopped.
    /// - Parameter log: where its messages go.
    func upgrade(to successor: PrivateCluster, log: URL) async throws {
        let workplace = try makeWorkplace()
        defer { try? FileManager.default.removeItem(at: workplace) }
        let output = open(log.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        let null = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer {
            close(output)
            close(null)
        }
        // It leaves scripts in its working directory.
        let command = [
            "/bin/sh", "-c", "cd \"$1\" && shift && exec \"$@\"", "sh", workplace.path,
            successor.programs.appending(path: "pg_upgrade").path, "--old-bindir=\(programs.path)",
            "--new-bindir=\(successor.programs.path)", "--old-datadir=\(directory.path)",
            "--new-datadir=\(successor.directory.path)", "--username=\(ClusterRoles.owner)",
            "--socketdir=\(workplace.path)",
        ]
        let process = try ChildProcess(
            unprivileged(command), environment: ["PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8"],
            descriptors: [0: null, 1: output, 2: output])
        guard await process.waitForExit() == 0 else { throw OperatorError("pg_upgrade failed: see \(log.path)") }
    }

    private func makeWorkplace() throws -> URL {
        var template = Array("/tmp/parley-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw OperatorError("no directory can be made in /tmp") }
        let path = URL(filePath: String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
        try give(path)
        return path
    }

    private func unprivileged(_ command: [String]) -> [String] {
        // The package's service has a capability, and commands beside it have none. The kernel shows a process nothing of one
        // that has more (proc(5)), so this one has none either.
        guard let account else {
            return ["/usr/bin/setpriv", "--inh-caps=-all", "--ambient-caps=-all", "--"] + command
        }
        return ["/usr/bin/setpriv", "--reuid=\(account.user)", "--regid=\(account.group)", "--clear-groups", "--"]
            + command
    }

    func give(_ path: URL) throws {
        guard let account else { return }
        guard chown(path.path, account.user, account.group) == 0 else {
            throw OperatorError("\(path.path) cannot be given to PostgreSQL's account")
        }
    }

    /// The process id and socket directory that a running or crashed postmaster wrote down.
    var postmaster: (pid: pid_t, socketDirectory: String)? {
        guard let text = try? String(contentsOf: directory.appending(path: "postmaster.pid"), encoding: .utf8) else {
            return nil
        }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 5, let pid = pid_t(lines[0]), pid > 1 else { return nil }
        return (pid, lines[4].isEmpty ? directory.path : String(lines[4]))
    }

    /// Whether any process works in the data directory: a postmaster, or backends that have outlived theirs.
    var isInUse: Bool {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.contains { name in pid_t(name).map(worksHere) ?? false }
    }

    /// Whether a process works in the data directory. Every process of a PostgreSQL works in its own. The name of the
    /// process proves nothing: it may be another PostgreSQL's.
    func worksHere(_ pid: pid_t) -> Bool {
        guard let data = try? Stat(FilePath(directory.path)), let working = try? Stat(FilePath("/proc/\(pid)/cwd"))
        else {
            return false
        }
        return working.inode == data.inode && working.deviceID == data.deviceID
    }

    /// Deletes what a crashed postmaster wrote down. Its process id may by now be a zombie's that nobody collects or,
    /// in a container, always some process's, and PostgreSQL would refuse to start for that. To be called when the
    /// directory is not in use.
    func forgetPostmaster() {
        for file in ["postmaster.pid", ".s.PGSQL.5432.lock"] {
            try? FileManager.default.removeItem(at: directory.appending(path: file))
        }
    }

    /// The directory of the socket: the data directory or, where that path is too long (`sun_path` holds 107 bytes,
    /// unix(7)), a private one.
    func makeSocketDirectory() throws -> String {
        let room = 107 - "/.s.PGSQL.5432".utf8.count
        if directory.path.utf8.count <= room { return directory.path }
        return try makeWorkplace().path
    }

    /// The socket directory as the postmaster names it: relative to its data directory, so that it need not enter the
    /// directories above.
    func nameForPostmaster(_ socketDirectory: String) -> String {
        socketDirectory == directory.path ? "." : socketDirectory
    }

    /// Connects to Parley's database as the owner of the running cluster.
    var ownersConnectionString: String {
        get throws {
            guard let running = postmaster else { throw OperatorError("\(directory.path) is not running") }
            return connectionString(
                database: ClusterRoles.server, socketDirectory: running.socketDirectory, role: ClusterRoles.owner)
        }
    }

    /// Writes who may log in, and how (`ClusterRoles`).
    func writeAuthentication() throws {
        // The account of this process, and the one that PostgreSQL runs as.
        let accounts = [geteuid(), account?.user ?? geteuid()].compactMap { id in
            getpwuid(id).map { String(cString: $0.pointee.pw_name) }
        }
        for (name, text) in [
            ("pg_hba.conf", ClusterRoles.authentication), ("pg_ident.conf", ClusterRoles.identities(accounts)),
        ] {
            let file = directory.appending(path: name)
            let partial = directory.appending(path: "\(name).partial")
            try Data(text.utf8).write(to: partial)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: partial.path)
            try give(partial)
            guard rename(partial.path, file.path) == 0 else {
                throw OperatorError("\(file.path) cannot be written")
            }
        }
    }

    func connectionString(database: String, socketDirectory: String, role: String = ClusterRoles.server) -> String {
        let host = socketDirectory == "." ? directory.path : socketDirectory
        let quoted = host.replacing("\\", with: "\\\\").replacing("'", with: "\\'")
        return "host='\(quoted)' user=\(role) dbname=\(database)"
    }
}
