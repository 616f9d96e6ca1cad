import Crypto
import Foundation

/// One file `NNNN_name.sql`.
struct Migration: Equatable {
    let version: Int
    /// Without the number and `.sql`.
    let name: String
    let file: String
    let sql: String

    /// SHA-256 of the file, in lower-case hex.
    var checksum: String { SHA256.hash(data: Data(sql.utf8)).map { String(format: "%02x", $0) }.joined() }

    /// The directory's migrations in order. Files that do not end in `.sql` are not migrations.
    static func read(directory: URL) throws(PostgresMigrationError) -> [Migration] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: directory.path)
                .filter { $0.hasSuffix(".sql") && !$0.hasPrefix(".") }
                .map { try read(file: $0, directory: directory) }
                .sorted { ($0.version, $0.file) < ($1.version, $1.file) }
        } catch let error as PostgresMigrationError {
            throw error
        } catch {
            throw PostgresMigrationError(
                "the migrations in \(directory.path) cannot be read: \(error.localizedDescription)")
        }
    }

    private static func read(file: String, directory: URL) throws -> Migration {
        guard let match = file.wholeMatch(of: /([0-9]{4})_(.+)\.sql/), let version = Int(match.1) else {
            throw PostgresMigrationError("\(file) is not named like 0001_what_it_does.sql")
        }
        let sql = try String(contentsOf: directory.appending(path: file), encoding: .utf8)
        return Migration(version: version, name: String(match.2), file: file, sql: sql)
    }
}

/// A row of `schema_migrations`.
struct AppliedMigration: Equatable {
    let version: Int
    let name: String
    let checksum: String
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
                throw PostgresMigrationError(
                    "the database has migration \(name), which this version does not know: it was made by a newer one")
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
