import Testing

@testable import PostgresClient

@Suite struct StatementCacheTests {
    @Test func theLeastRecentlyUsedStatementGivesWay() {
        var cache = StatementCache(capacity: 2)
        func key(_ sql: String) -> PreparedStatement.Key { .init(sql: sql, types: []) }
        let a = cache.use(key("a"))
        #expect(a.isNew)
        let b = cache.use(key("b"))
        #expect(!cache.use(key("a")).isNew)
        _ = cache.use(key("c"))
        #expect(cache.takeDiscarded() == [b.statement.name])
        #expect(cache.takeDiscarded().isEmpty)
        #expect(!cache.use(key("a")).isNew)
        let again = cache.use(key("b"))
        #expect(again.isNew)
        #expect(again.statement.name != b.statement.name)
    }

    @Test func aStatementThatWasNeverPreparedIsNotDeallocated() {
        var cache = StatementCache(capacity: 2)
        let failed = cache.use(.init(sql: "a", types: [])).statement
        failed.failure = .unavailable
        cache.remove(failed)
        #expect(cache.takeDiscarded().isEmpty)
        #expect(cache.use(.init(sql: "a", types: [])).isNew)
    }
}
