/// A row of `schema_migrations`.
struct AppliedMigration: Equatable {
    let version: Int
    let name: String
    let checksum: String
    /// The version of the program that applied it, if it said so.
    var program: String?
}

/// Decides which migrations to run, or why none may run. Pure.
enum MigrationPlan {
    /// - Parameters:
    ///   - files: in order of version.
    ///   - applied: in order of version.
    static func pending(
        files: [Migration], applied: [AppliedMigration]
    ) throws(PostgresMigrationError) -> ArraySlice<Migration> {
        for (index, migration) in files.enumerated() {
            if index > 0, files[index - 1].version == migration.version {
                throw PostgresMigrationError(
                    "\(files[index - 1].file) and \(migration.file) have the same number")
            }
            guard migration.version == index + 1 else {
                throw PostgresMigrationError("before \(migration.file) there is no migration number \(index + 1)")
            }
        }
        for (index, record) in applied.enumerated() {
            let name = "\(record.version)_\(record.name)"
            guard record.version == index + 1 else {
                throw PostgresMigrationError("the database lacks migration \(index + 1) but has \(name)")
            }
            guard index < files.count else {
                let maker = applied.last?.program.map { "version \($0): install that or a newer one" } ?? "a newer one"
                throw PostgresMigrationError(
                    "the database has migration \(name), which this version does not know: it was made by \(maker)")
            }
            guard record.checksum == files[index].checksum else {
                throw PostgresMigrationError(
                    "\(files[index].file) was changed after it was applied: undo that, and add a new migration instead")
            }
        }
        return files[applied.count...]
    }
}

/// Why the migration failed, in one sentence that names the file.
public struct PostgresMigrationError: Error, Sendable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}
