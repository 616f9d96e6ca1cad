internal import Glibc

/// An unprivileged account for the workers of a server that runs as root.
public struct WorkerAccount: Sendable, Codable {
    let user: UInt32
    let group: UInt32

    /// The account `nobody`, or nil if this process does not run as root. PostgreSQL's account would be wrong, because
    /// it may open the database.
    static func find() -> WorkerAccount? {
        guard geteuid() == 0 else { return nil }
        guard let entry = getpwnam("nobody")?.pointee, entry.pw_uid != 0, entry.pw_gid != 0 else {
            return WorkerAccount(user: 65534, group: 65534)
        }
        return WorkerAccount(user: entry.pw_uid, group: entry.pw_gid)
    }
}
