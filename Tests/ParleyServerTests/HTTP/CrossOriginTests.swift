import HTTPTypes
import Hummingbird
import Testing

@testable import ParleyServer

@Suite struct CrossOriginTests {
    private func answer(
        _ page: OriginPolicy.Page, _ method: HTTPRequest.Method = .get, _ headers: HTTPFields = [:],
        allowed: Set<WebOrigin> = [], vary: String? = nil
    ) async throws -> HTTPFields {
        let policy = OriginPolicy(allowed: allowed, publicOrigin: nil, speaksTLS: false)
        var headers = headers
        headers[.origin] = "https://app.example"
        return try await CrossOrigin(policy: policy).handle(
            request(method, "/", headers), context: environment(page: page)
        ) { _, _ in
            var response = Response(status: .ok)
            response.headers[.vary] = vary
            return response
        }.headers
    }

    @Test func aNamedPageReadsTheAnswer() async throws {
        let headers = try await answer(.permitted)
        #expect(headers[.accessControlAllowOrigin] == "https://app.example")
        #expect(headers[.accessControlAllowCredentials] == "true")
        #expect(headers[.accessControlExposeHeaders]?.contains("upload-offset") == true)
        #expect(headers[.accessControlAllowMethods] == nil, "nobody asked")
    }

    @Test func aPreflightIsToldWhatMayBeSent() async throws {
        let asked: HTTPFields = [.accessControlRequestMethod: "PATCH"]
        let headers = try await answer(.permitted, .options, asked)
        #expect(headers[.accessControlAllowMethods]?.contains("PATCH") == true)
        #expect(headers[.accessControlAllowHeaders]?.contains("authorization") == true)
        #expect(headers[.accessControlExposeHeaders] == nil)
        #expect(CrossOrigin.isPreflight(request(.options, "/", asked)))
        #expect(!CrossOrigin.isPreflight(request(.options)) && !CrossOrigin.isPreflight(request(.get, "/", asked)))
    }

    @Test func otherPagesReadNothing() async throws {
        for page in [OriginPolicy.Page.none, .own, .stranger("why")] {
            let headers = try await answer(page)
            #expect(headers[.accessControlAllowOrigin] == nil && headers[.accessControlAllowCredentials] == nil)
        }
    }

    /// A cached answer to a page of one origin must not be used for another.
    @Test func theAnswerVariesWhereAnyPageIsNamed() async throws {
        let allowed: Set<WebOrigin> = [try #require(WebOrigin("https://app.example"))]
        #expect(try await answer(.none, allowed: allowed)[.vary] == "Origin")
        #expect(try await answer(.none, allowed: allowed, vary: "Accept-Encoding")[.vary] == "Accept-Encoding, Origin")
        #expect(try await answer(.none)[.vary] == nil)
    }
}
