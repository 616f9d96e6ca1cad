import ChatModel
import HTTPTypes
import Hummingbird
import Testing

@testable import ParleyServer

@Suite struct RefreshCookieTests {
    private let cookie = RefreshCookie(jar: CookieJar(basePath: .root))

    private func wish(_ value: String) -> HTTPFields {
        var headers = HTTPFields()
        headers[HTTPField.Name("X-Parley-Cookie")!] = value
        return headers
    }

    @Test func onlyAPageThatAsksGetsIt() {
        #expect(cookie.isWanted(by: request(.post, "/auth/login", wish("1"))))
        #expect(!cookie.isWanted(by: request(.post, "/auth/login", wish("true"))))
        #expect(!cookie.isWanted(by: request(.post, "/auth/login")))
    }

    @Test func itIsForTheServersOwnPages() {
        func refusal(_ headers: HTTPFields, _ page: OriginPolicy.Page) -> ChatError.Code? {
            do {
                try cookie.check(request(.post, "/auth/refresh", headers), environment(page: page))
                return nil
            } catch {
                return error.code
            }
        }
        #expect(refusal(wish("1"), .own) == nil)
        for page in [OriginPolicy.Page.none, .permitted, .stranger("why")] {
            #expect(refusal(wish("1"), page) == .forbidden)
            #expect(refusal([:], page) == nil, "a program that keeps its token itself")
        }
    }

    @Test func whatIsSetIsReadUntilItIsRemoved() {
        var response = Response(status: .ok)
        cookie.set("token", on: &response, environment(port: 8080))
        let next = request(.post, "/auth/refresh", response.cookies)
        #expect(cookie.read(next, environment(port: 8080)) == "token")
        var end = Response(status: .ok)
        cookie.clear(next, on: &end, environment(port: 8080))
        #expect(end.headers[values: .setCookie].count == 1)
        #expect(end.headers[.setCookie]?.contains("Max-Age=0") == true)
    }
}
