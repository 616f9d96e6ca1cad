import Testing

@testable import ParleyServer

struct UpgradeBackupTests {
    private let tables = [(name: "messages", bytes: 800), (name: "members", bytes: 150), (name: "uploads", bytes: 50)]
    private let sql = ["ALTER TABLE Members ADD COLUMN x int;", "CREATE INDEX uploads_size ON uploads (size);"]

    @Test func `the whole database is saved where it fits into half of the room`() {
        #expect(UpgradeBackup.extent(tables, sql: sql, room: 2000) == .whole)
    }

    @Test func `without that room, the tables are saved that the migrations name`() {
        #expect(UpgradeBackup.extent(tables, sql: sql, room: 1999) == .tables(["members", "uploads"]))
        #expect(UpgradeBackup.extent(tables, sql: ["CREATE TABLE messages_old ()"], room: 1999) == .tables([]))
    }

    @Test func `without room for those, nothing is`() {
        #expect(UpgradeBackup.extent(tables, sql: sql, room: 399) == nil)
        #expect(UpgradeBackup.extent(tables, sql: ["UPDATE messages SET a = 1"], room: 1599) == nil)
    }
}
