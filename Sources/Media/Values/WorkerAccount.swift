internal import Foundation
internal import Glibc

/// An unprivileged account for the workers of a server that runs as root.
public struct WorkerAccount: Sendable, Codable {
    let user: UInt32
    let group: UInt32

    /// The account `nobody`. Nil if this process does not run as root, or if its user namespace has no such account, as in a
    /// rootless container: then root is an ordinary user with another name, and cannot change to anybody else.
    /// PostgreSQL's account would be wrong, because it may open the database.
    static func find() -> WorkerAccount? {
        guard geteuid() == 0 else { return nil }
        let account = nobody
        let isThere =
            maps("/proc/self/uid_map", account.user) && maps("/proc/self/gid_map", account.group)
        return isThere ? account : nil
    }

    private static var nobody: WorkerAccount {
        guard let entry = getpwnam("nobody")?.pointee, entry.pw_uid != 0, entry.pw_gid != 0 else {
            return WorkerAccount(user: 65534, group: 65534)
        }
        return WorkerAccount(user: entry.pw_uid, group: entry.pw_gid)
    }

    private static func maps(_ file: String, _ id: UInt32) -> Bool {
        guard let map = try? String(contentsOfFile: file, encoding: .utf8) else { return true }
        return contains(map, id)
    }

    /// Whether an id exists in a user namespace.
    /// - Parameter map: lines of "first id inside, first id outside, count" (user_namespaces(7)).
    static func contains(_ map: String, _ id: UInt32) -> Bool {
        map.split(separator: "\n").contains { line in
            let numbers = line.split(separator: " ").compactMap { UInt64($0) }
            guard numbers.count == 3 else { return false }
            return UInt64(id) >= numbers[0] && UInt64(id) - numbers[0] < numbers[2]
        }
    }
}
