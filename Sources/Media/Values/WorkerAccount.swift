internal import Glibc

/// An unprivileged account for the workers of a server that root started.
public struct WorkerAccount: Sendable, Codable {
    let user: UInt32
    let group: UInt32

    /// `nobody`; not PostgreSQL's account, which may open the database. Nil unless this process is root's.
    static func find() -> WorkerAccount? {
        guard geteuid() == 0 else { return nil }
        guard let entry = getpwnam("nobody")?.pointee, entry.pw_uid != 0, entry.pw_gid != 0 else {
            return WorkerAccount(user: 65534, group: 65534)
        }
        return WorkerAccount(user: entry.pw_uid, group: entry.pw_gid)
    }
}
