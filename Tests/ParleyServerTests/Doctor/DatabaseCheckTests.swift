import Testing

@testable import ParleyServer

struct DatabaseCheckTests {
    private let good = DatabaseCheck.Facts(
        version: 150_009, encoding: "UTF8", isOwner: true, isReadOnly: false, hasICU: true, canMakeExtensions: true,
        fsync: true, fullPageWrites: true, synchronousCommit: "on", maxConnections: 100)

    private func severities(_ change: (inout DatabaseCheck.Facts) -> Void) -> [Finding.Severity] {
        var facts = good
        change(&facts)
        return DatabaseCheck.findings(facts, connections: 26).map(\.severity)
    }

    @Test func `a database that can do its work is fine`() { #expect(severities { _ in } == [.fine]) }

    @Test func `each fault is an error of its own`() {
        #expect(severities { $0.version = 140_005 } == [.error])
        #expect(severities { $0.encoding = "SQL_ASCII" } == [.error])
        #expect(severities { $0.isOwner = false } == [.error])
        #expect(severities { $0.isReadOnly = true } == [.error])
        #expect(severities { $0.hasICU = false } == [.error])
        #expect(severities { $0.canMakeExtensions = false } == [.error])
        #expect(severities { $0.fsync = false } == [.error])
        #expect(severities { $0.fullPageWrites = false } == [.error])
        #expect(severities { $0.synchronousCommit = "off" } == [.error])
        #expect(severities { $0.maxConnections = 25 } == [.error])
        #expect(DatabaseCheck.findings(.init(), connections: 26).count == 7)
    }

    @Test func `clocks may differ by two seconds`() {
        #expect(DatabaseCheck.clockFinding(ahead: -1.9).severity == .fine)
        #expect(DatabaseCheck.clockFinding(ahead: -2.1).severity == .warning)
    }

    @Test func `a schema is complete, older or newer`() {
        #expect(DatabaseCheck.schema(applied: 27, known: 27).severity == .fine)
        #expect(DatabaseCheck.schema(applied: 26, known: 27).severity == .warning)
        #expect(DatabaseCheck.schema(applied: 28, known: 27).severity == .error)
        #expect(DatabaseCheck.schema(applied: 0, known: 0).severity == .error)
    }
}
