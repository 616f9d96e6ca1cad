import Foundation
import PostgresClient
import Testing

enum Role: String, PostgresScalar { case owner, member }

/// Every value goes through the server and back, and the server's own text of it must be what is expected: an error
/// that is symmetrical in encoding and decoding shows in the text.
@Suite struct PostgresValueTests {
    private func check<T: PostgresEncodable & PostgresDecodable & Equatable>(
        _ value: T, text: String?, on client: PostgresClient, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let row = try #require(try await client.query("SELECT \(value) AS value, \(value)::text AS text").first)
        #expect(try row.decode("value", as: T.self) == value, sourceLocation: sourceLocation)
        #expect(try row.decode("text", as: String?.self) == text, sourceLocation: sourceLocation)
    }

    @Test func scalarsRoundTrip() async throws {
        try await withClient { client in
            try await check("grüße 🐘 \"'\\", text: "grüße 🐘 \"'\\", on: client)
            try await check("", text: "", on: client)
            try await check(true, text: "true", on: client)
            try await check(false, text: "false", on: client)
            try await check(Int.max, text: "9223372036854775807", on: client)
            try await check(Int.min, text: "-9223372036854775808", on: client)
            try await check(Int64(-1), text: "-1", on: client)
            try await check(Int32.min, text: "-2147483648", on: client)
            try await check(Int16.max, text: "32767", on: client)
            try await check(1.5e-7, text: "1.5e-07", on: client)
            try await check(-Double.infinity, text: "-Infinity", on: client)
            let id = try #require(UUID(uuidString: "00112233-4455-6677-8899-AABBCCDDEEFF"))
            try await check(id, text: "00112233-4455-6677-8899-aabbccddeeff", on: client)
            try await check([UInt8]([0, 1, 255]), text: "\\x0001ff", on: client)
            try await check([UInt8](), text: "\\x", on: client)
            try await check(Data([0, 254]), text: "\\x00fe", on: client)
            try await check(PostgresJSON("{\"a\": [1, null]}"), text: "{\"a\": [1, null]}", on: client)
            try await check(Role.owner, text: "owner", on: client)
        }
    }

    @Test func datesAreMicrosecondsOfUTC() async throws {
        try await withClient {
            $0.sessionParameters["TimeZone"] = "UTC"
        } body: { client in
            let date = Date(timeIntervalSince1970: 1_763_689_337.123456)
            let row = try #require(try await client.query("SELECT \(date) AS value, \(date)::text AS text").first)
            #expect(try row.decode("text", as: String.self) == "2025-11-21 01:42:17.123456+00")
            let decoded: Date = try row["value"]
            #expect(abs(decoded.timeIntervalSince(date)) < 0.000_000_5)
            try await check(Date(timeIntervalSince1970: 0), text: "1970-01-01 00:00:00+00", on: client)
            try await check(Date.distantFuture, text: "infinity", on: client)
            try await check(Date.distantPast, text: "-infinity", on: client)
            let error = await postgresError {
                try await client.query("SELECT \(Date(timeIntervalSinceReferenceDate: .nan))")
            }
            #expect(error?.code == .misuse)
        }
    }

    @Test func nullsAreTyped() async throws {
        try await withClient { client in
            try await check(String?.none, text: nil, on: client)
            try await check(UUID?.none, text: nil, on: client)
            try await check(Int?.some(7), text: "7", on: client)
            try await check([UInt8]?.none, text: nil, on: client)
            try await check([Int]?.none, text: nil, on: client)
            let type: String = try await client.query("SELECT pg_typeof(\(Date?.none))::text")[0][0]
            #expect(type == "timestamp with time zone")
            let error = await postgresError {
                let _: Int = try await client.query("SELECT NULL::int8 AS n")[0]["n"]
            }
            #expect(error?.code == .decoding)
            #expect(error?.detail == "column n: NULL does not decode as Int64")
        }
    }

    @Test func arraysRoundTrip() async throws {
        try await withClient { client in
            try await check(["a", "", "b,\"c\""], text: #"{a,"","b,\"c\""}"#, on: client)
            try await check([String?]([nil, "NULL", nil]), text: #"{NULL,"NULL",NULL}"#, on: client)
            try await check([Int](), text: "{}", on: client)
            try await check([UUID?]([nil]), text: "{NULL}", on: client)
            try await check([true, false], text: "{t,f}", on: client)
            try await check([Int16.min, 0], text: "{-32768,0}", on: client)
            try await check([Int32](1...3), text: "{1,2,3}", on: client)
            try await check([0.5], text: "{0.5}", on: client)
            try await check([Data([1]), Data()], text: #"{"\\x01","\\x"}"#, on: client)
            try await check([PostgresJSON("1")], text: "{1}", on: client)
            try await check([Role.member], text: "{member}", on: client)
        }
    }

    @Test func unnestTakesColumnsWithNulls() async throws {
        try await withClient { client in
            let rows = try await client.query(
                "SELECT * FROM unnest(\([1, 2]), \([String?]([nil, "x"])), \([Date?]([nil, nil]))) AS r(a, b, c)")
            #expect(rows.count == 2)
            #expect(try rows[0].decode("b", as: String?.self) == nil)
            #expect(try rows[1].decode("b", as: String?.self) == "x")
            #expect(try rows[1].decode("c", as: Date?.self) == nil)
        }
    }

    @Test func hugeValuesPass() async throws {
        try await withClient { client in
            let numbers = Array(0..<300_000)
            let row = try await client.query(
                "SELECT \(numbers) AS back, (SELECT sum(n)::int8 FROM unnest(\(numbers)) n) AS sum")[0]
            #expect(try row.decode("back", as: [Int].self) == numbers)
            #expect(try row.decode("sum", as: Int.self) == 299_999 * 300_000 / 2)
            // Larger than any socket buffer: the rest goes out when the socket takes it.
            let text = String(repeating: "0123456789abcdef", count: 1 << 21)
            let length: Int = try await client.query("SELECT length(\(text))::int8")[0][0]
            #expect(length == 1 << 25)
        }
    }

    @Test func namesTextsAndNumbersOfOtherTypesDecode() async throws {
        try await withClient { client in
            try await client.query("CREATE TYPE mood AS ENUM ('calm')")
            let row = try await client.query(
                """
                SELECT 'calm'::mood AS mood, 'v'::varchar(3) AS v, 'n'::name AS n, 1::int2 AS i2, 2::int4 AS i4, \
                0.5::float4 AS f4, '[1]'::json AS json, '\\x01'::bytea AS bytes
                """)[0]
            #expect(try row.decode("mood", as: String.self) == "calm")
            #expect(try row.decode("v", as: String.self) == "v")
            #expect(try row.decode("n", as: String.self) == "n")
            #expect(try row.decode("i2", as: Int.self) == 1)
            #expect(try row.decode("i4", as: Int.self) == 2)
            #expect(try row.decode("f4", as: Double.self) == 0.5)
            #expect(try row.decode("json", as: PostgresJSON.self).text == "[1]")
            for (column, decode) in [
                ("mood", { _ = try $0.decode("mood", as: Int.self) }),
                ("v", { _ = try $0.decode("v", as: Bool.self) }),
                ("i4", { _ = try $0.decode("i4", as: Int16.self) }),
                ("bytes", { _ = try $0.decode("bytes", as: String.self) }),
                ("missing", { _ = try $0.decode("missing", as: String?.self) }),
            ] as [(String, (PostgresRow) throws -> Void)] {
                let error = await postgresError { try decode(row) }
                #expect(error?.code == .decoding, "\(column)")
            }
            let error = await postgresError { _ = try row.decode(99, as: Int.self) }
            #expect(error?.code == .decoding)
        }
    }

    @Test func unknownRawValuesAndNestedArraysAreErrors() async throws {
        try await withClient { client in
            let row = try await client.query("SELECT 'stranger' AS role, '{{1,2},{3,4}}'::int8[] AS nested")[0]
            #expect(await postgresError { _ = try row.decode("role", as: Role.self) }?.code == .decoding)
            #expect(await postgresError { _ = try row.decode("nested", as: [Int].self) }?.code == .decoding)
            #expect(await postgresError { _ = try row.decode("role", as: [String].self) }?.code == .decoding)
        }
    }

    @Test func textWithNULIsRefusedByTheServerAndHarmsNobody() async throws {
        try await withClient {
            $0.connections = 1
        } body: { client in
            async let bad = postgresError { try await client.query("SELECT \("a\0b")") }
            async let good: Int = client.query("SELECT \(1)")[0][0]
            let error = await bad
            #expect(error?.sqlState == .characterNotInRepertoire)
            #expect(error?.maybeExecuted == false)
            let answer = try await good
            #expect(answer == 1)
            #expect(await postgresError { try await client.query("SELECT 1 \0") }?.code == .misuse)
        }
    }

    @Test func tooManyParametersAreRefusedHere() async throws {
        try await withClient { client in
            var query = PostgresQuery(unescaped: "SELECT 1")
            for number in 0..<65_536 { query.bind(number) }
            #expect(await postgresError { try await client.query(query) }?.code == .misuse)
        }
    }
}
