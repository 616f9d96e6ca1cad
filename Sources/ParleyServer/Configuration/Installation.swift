public import Foundation
import Glibc
import SystemPackage

/// Where the program's files are. A package puts them where the Filesystem Hierarchy Standard (FHS 3.0) wants them; a
/// program that was built in place finds them in the working directory.
public struct Installation: Sendable, Equatable {
    public let settingsFile: String
    let storage: URL
    let migrations: URL
    let web: URL
    /// Whether a package, or whoever imitates it, has put the program there.
    public let isPackaged: Bool

    static let inPlace = Installation(
        settingsFile: ".env", storage: URL(filePath: "storage"), migrations: URL(filePath: "migrations"),
        web: URL(filePath: "web/dist"), isPackaged: false)

    /// Where Debian's package puts everything.
    static let packaged = Installation(share: URL(filePath: "/usr/share/parley"))

    /// The installation that this process was started from.
    public static let current = Installation(
        program: (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? "")

    /// - Parameter program: the absolute path of the program. It is installed if it is `PREFIX/bin/parley` and the files
    ///   that come with it are in `PREFIX/share/parley`.
    init(program: String) {
        let path = URL(filePath: program)
        let folder = path.deletingLastPathComponent()
        let share = folder.deletingLastPathComponent().appending(path: "share/parley")
        guard path.lastPathComponent == "parley", folder.lastPathComponent == "bin",
            FileManager.default.fileExists(atPath: share.appending(path: "migrations").path)
        else {
            self = .inPlace
            return
        }
        self.init(share: share)
    }

    private init(share: URL) {
        self.init(
            settingsFile: "/etc/parley/parley.env", storage: URL(filePath: "/var/lib/parley"),
            migrations: share.appending(path: "migrations"), web: share.appending(path: "web"), isPackaged: true)
    }

    private init(settingsFile: String, storage: URL, migrations: URL, web: URL, isPackaged: Bool) {
        self.settingsFile = settingsFile
        self.storage = storage
        self.migrations = migrations
        self.web = web
        self.isPackaged = isPackaged
    }

    /// The defaults of settings that depend on the installation, where they are not the catalog's.
    var defaults: [String: String] {
        isPackaged ? ["STORAGE_DIR": storage.path, "MIGRATIONS_DIR": migrations.path, "WEB_DIR": web.path] : [:]
    }

    /// A text that names documents, with the places where this installation has them.
    func document(_ text: String) -> String {
        isPackaged ? text.replacing("docs/", with: "/usr/share/doc/parley/") : text
    }

    /// Makes root's process the account that owns the storage, so that root's commands leave no files there that the
    /// service cannot use.
    /// - Throws: ``OperatorError`` if the kernel refuses.
    public static func becomeOwner(of storage: URL) throws(OperatorError) {
        guard geteuid() == 0, let owner = (try? Stat(FilePath(storage.path)))?.userID.rawValue, owner != 0 else {
            return
        }
        guard let account = getpwuid(owner)?.pointee else {
            throw OperatorError("STORAGE_DIR: \(storage.path) belongs to no account (user id \(owner))")
        }
        guard initgroups(account.pw_name, account.pw_gid) == 0, setgid(account.pw_gid) == 0, setuid(account.pw_uid) == 0
        else {
            throw OperatorError(
                "cannot become \(String(cString: account.pw_name)), who owns \(storage.path): "
                    + String(cString: strerror(errno)))
        }
    }
}
