import Foundation
import Testing

@testable import PostgresClient

@Suite struct MigrationTests {
    private func read(_ files: [String: String]) throws -> [Migration] {
        let directory = FileManager.default.temporaryDirectory.appending(path: "migrations-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        for (name, sql) in files { try Data(sql.utf8).write(to: directory.appending(path: name)) }
        return try Migration.read(directory: directory)
    }

    @Test func filesAreReadInTheOrderOfTheirNumbers() throws {
        let files = try read([
            "0010_ten.sql": "ten", "0002_two_words.sql": "two", "0001_one.sql": "one", "README.md": "",
            ".0003_x.sql": "",
        ])
        #expect(files.map(\.version) == [1, 2, 10])
        #expect(files.map(\.name) == ["one", "two_words", "ten"])
        #expect(files.map(\.sql) == ["one", "two", "ten"])
    }

    @Test(arguments: ["1_one.sql", "00001_one.sql", "0001.sql", "0001_.sql", "0001-one.sql", "one.sql"])
    func aStrangeNameIsRefused(name: String) {
        let error = #expect(throws: PostgresMigrationError.self) { try read([name: ""]) }
        #expect(error?.description == "\(name) is not named like 0001_what_it_does.sql")
    }

    @Test func itsChecksumIsThatOfTheFile() {
        let migration = Migration(version: 1, name: "", file: "", sql: "abc")
        // The example of FIPS 180-2, appendix B.1.
        #expect(migration.checksum == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func aDirectoryThatIsNotThereIsNamed() {
        let error = #expect(throws: PostgresMigrationError.self) {
            try Migration.read(directory: URL(filePath: "/nonexistent"))
        }
        #expect(error?.description.hasPrefix("the migrations in /nonexistent cannot be read") == true)
    }
}
