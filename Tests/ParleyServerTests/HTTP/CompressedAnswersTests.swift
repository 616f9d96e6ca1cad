import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@testable import ParleyServer

@Suite struct CompressedAnswersTests {
    private func answer(
        _ headers: HTTPFields, bytes: Int = 5000, accepting: String? = "gzip"
    ) async throws -> Response {
        var fields = HTTPFields()
        fields[.acceptEncoding] = accepting
        return try await CompressedAnswers().handle(request(.get, "/", fields), context: environment()) { _, _ in
            Response(
                status: .ok, headers: headers,
                body: .init(byteBuffer: ByteBuffer(repeating: UInt8(ascii: "x"), count: bytes)))
        }
    }

    @Test(arguments: ["application/json", "application/problem+json", "text/plain; charset=utf-8", "application/yaml"])
    func textsAreCompressed(type: String) async throws {
        for bytes in [1024, 100_000] {
            let answer = try await answer([.contentType: type], bytes: bytes)
            #expect(answer.headers[.contentEncoding] == "gzip" && answer.headers[.vary] == "Accept-Encoding")
            let length = try #require(answer.body.contentLength)
            #expect(length < bytes / 4 && answer.headers[.contentLength] == String(length))
        }
    }

    /// The answer differs by the field all the same.
    @Test func clientsThatDoNotAcceptItGetThePlainText() async throws {
        for accepting in [nil, "", "br", "gzip;q=0", "*;q=0", "identity"] {
            let answer = try await answer([.contentType: "application/json"], accepting: accepting)
            #expect(answer.headers[.contentEncoding] == nil && answer.headers[.vary] == "Accept-Encoding")
            #expect(answer.body.contentLength == 5000)
        }
    }

    @Test(
        arguments: [
            [.contentType: "image/png"], [.contentType: "application/zip"], [:],
            [.contentType: "text/plain", .eTag: "\"a\""], [.contentType: "text/plain", .acceptRanges: "bytes"],
            [.contentType: "text/plain", .contentRange: "bytes 0-4999/9000"],
            [.contentType: "text/css", .contentEncoding: "gzip", .vary: "Accept-Encoding"],
            [.contentType: "application/json", .cacheControl: "no-store, no-transform"],
        ] as [HTTPFields])
    func allElseStays(headers: HTTPFields) async throws {
        let answer = try await answer(headers)
        #expect(answer.headers[.contentEncoding] == headers[.contentEncoding])
        #expect(answer.headers[.vary] == headers[.vary] && answer.body.contentLength == 5000)
    }

    @Test func shortAnswersStay() async throws {
        let answer = try await answer([.contentType: "application/json"], bytes: 1023)
        #expect(answer.headers[.contentEncoding] == nil && answer.headers[.vary] == nil)
    }

    @Test(arguments: [
        ("gzip", true), ("br, GZIP;q=0.5", true), ("gzip;q=0", false), ("gzip; q=0.000", false), ("gzip;q=0.05", true),
        ("*", true), ("*;q=0", false), ("*, gzip;q=0", false), ("gzip, *;q=0", true), ("deflate", false),
        ("x-gzip", true),
    ])
    func acceptanceIsByNameOrOfAll(field: String, expected: Bool) {
        #expect(([.acceptEncoding: field] as HTTPFields).acceptsGzip == expected)
    }
}
