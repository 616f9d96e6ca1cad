import Testing

@testable import PostgresClient

@Suite struct PQParametersTests {
    private func parameters(_ connectionString: String, _ timeout: Duration = .seconds(5)) throws -> [(String, String)]
    {
        let parameters = try PQParameters(
            connectionString: connectionString, applicationName: "test", connectTimeout: timeout)
        return Array(zip(parameters.keywords, parameters.values))
    }

    /// A later keyword wins, and `dbname` stands for all that the connection string says.
    @Test func theConnectionStringOverridesKeepalivesAndNotTheEncoding() throws {
        let keywords = try parameters("host=/tmp keepalives_idle=5 client_encoding=LATIN1").map(\.0)
        let string = try #require(keywords.firstIndex(of: "dbname"))
        #expect(try #require(keywords.firstIndex(of: "keepalives_idle")) < string)
        #expect(try #require(keywords.firstIndex(of: "tcp_user_timeout")) < string)
        #expect(try #require(keywords.firstIndex(of: "client_encoding")) > string)
        #expect(keywords.contains("fallback_application_name"), "the string may name the application")
    }

    @Test func aTimeoutIsAtLeastTwoSeconds() throws {
        func timeout(_ duration: Duration) throws -> String? {
            try parameters("", duration).first { $0.0 == "connect_timeout" }?.1
        }
        #expect(try timeout(.milliseconds(300)) == "2")
        #expect(try timeout(.seconds(7)) == "7")
    }

    @Test(arguments: ["postgresql://user:secret@[::1/db", "host='secret", "nonsense secret"])
    func aStringThatCannotBeReadIsNotQuoted(connectionString: String) {
        let error = #expect(throws: PostgresError.self) { try parameters(connectionString) }
        #expect(error?.code == .misuse && error?.detail.contains("secret") == false)
    }

    @Test func stringsArePassedToC() {
        let texts = CStrings.with(["a", "", "grüße"]) { strings in
            var texts: [String] = []
            var index = 0
            while let string = strings[index] {
                texts.append(String(cString: string))
                index += 1
            }
            return texts
        }
        #expect(texts == ["a", "", "grüße"])
    }
}
