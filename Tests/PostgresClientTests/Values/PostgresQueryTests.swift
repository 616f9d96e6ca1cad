import Testing

@testable import PostgresClient

@Suite struct PostgresQueryTests {
    @Test func anInterpolatedValueIsAParameter() {
        let query: PostgresQuery = "SELECT \(1), \("it's"), \(String?.none), \(unescaped: "now()")"
        #expect(query.sql == "SELECT $1, $2, $3, now()")
        #expect(query.types == [PostgresType.int8.oid, PostgresType.text.oid, PostgresType.text.oid])
        #expect(query.ranges == [0..<8, 8..<12, nil])
        #expect(query.bytes == [0, 0, 0, 0, 0, 0, 0, 1] + Array("it's".utf8))
    }

    @Test func aFragmentsParametersFollowThoseBeforeIt() {
        let fragment: PostgresQuery = "b = \(2) AND c = \("x")"
        let query: PostgresQuery = "a = \(1) AND (\(fragment)) AND d = \(3)"
        #expect(query.sql == "a = $1 AND (b = $2 AND c = $3) AND d = $4")
        #expect(query.ranges == [0..<8, 8..<16, 16..<17, 17..<25])
        var twice: PostgresQuery = "\(fragment) OR \(fragment)"
        #expect(twice.sql == "b = $1 AND c = $2 OR b = $3 AND c = $4")
        twice.bind(7)
        #expect(twice.types.count == 5)
    }

    @Test func aFragmentOfTenParametersIsNumberedAsOne() {
        var ten = PostgresQuery(unescaped: "$10, $1")
        for number in 1...10 { ten.bind(number) }
        let query: PostgresQuery = "\(0), \(ten)"
        #expect(query.sql == "$1, $11, $2")
    }

    @Test func onlyNumbersOfParametersChange() {
        var fragment = PostgresQuery(unescaped: "$$ü$1$ '$a' $1")
        fragment.bind(1)
        #expect(("\(0) \(fragment)" as PostgresQuery).sql == "$1 $$ü$2$ '$a' $2")
        #expect(("\(fragment) \(0)" as PostgresQuery).sql == "$$ü$1$ '$a' $1 $2")
    }

    @Test func whatCannotBeSentSaysWhy() {
        func refusal(_ query: PostgresQuery) -> PostgresError? {
            do {
                try query.checkSendable()
                return nil
            } catch {
                return error
            }
        }
        #expect(refusal("SELECT \(1)") == nil)
        #expect(refusal("SELECT 1\0")?.code == .misuse)
        var many = PostgresQuery(unescaped: "SELECT 1")
        for number in 0..<65_535 { many.bind(number) }
        #expect(refusal(many) == nil)
        many.bind(0)
        #expect(refusal(many)?.detail == "65536 parameters are more than 65535")
    }
}
