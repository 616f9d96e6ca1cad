import Testing

@testable import PostgresClient

@Suite struct MigrationPlanTests {
    private func file(_ version: Int, _ name: String = "name", sql: String = "SELECT 1") -> Migration {
        Migration(version: version, name: name, file: "000\(version)_\(name).sql", sql: sql)
    }

    private func applied(_ files: Migration...) -> [AppliedMigration] {
        files.map { AppliedMigration(version: $0.version, name: $0.name, checksum: $0.checksum) }
    }

    /// The files that would run, or the sentence that refuses.
    private func plan(_ files: [Migration], _ applied: [AppliedMigration]) -> String {
        do {
            return try MigrationPlan.pending(files: files, applied: applied).map(\.file).joined(separator: " ")
        } catch {
            return error.description
        }
    }

    @Test func whatIsMissingRunsInOrder() {
        #expect(plan([file(1), file(2), file(3)], []) == "0001_name.sql 0002_name.sql 0003_name.sql")
        #expect(plan([file(1), file(2), file(3)], applied(file(1))) == "0002_name.sql 0003_name.sql")
        #expect(plan([file(1)], applied(file(1))) == "")
        #expect(plan([], []) == "")
    }

    @Test func numbersHaveNoGapsAndNoDoubles() {
        #expect(plan([file(2)], []) == "before 0002_name.sql there is no migration number 1")
        #expect(plan([file(1), file(3)], []) == "before 0003_name.sql there is no migration number 2")
        #expect(plan([file(1, "a"), file(1, "b")], []) == "0001_a.sql and 0001_b.sql have the same number")
    }

    @Test func whatWasAppliedDoesNotChange() {
        #expect(
            plan([file(1, sql: "SELECT 2"), file(2)], applied(file(1)))
                == "0001_name.sql was changed after it was applied: undo that, and add a new migration instead")
        #expect(plan([file(1, "renamed")], applied(file(1))) == "", "only what it does counts")
    }

    @Test func aNewerOrHalfADatabaseIsRefused() {
        #expect(plan([file(1)], applied(file(1), file(2, "x"))).hasPrefix("the database has migration 2_x, which this"))
        #expect(plan([file(1), file(2)], applied(file(2))) == "the database lacks migration 1 but has 2_name")
    }
}
