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
