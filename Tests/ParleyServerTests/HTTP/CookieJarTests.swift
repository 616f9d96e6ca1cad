import HTTPTypes
import Hummingbird
import Testing

@testable import ParleyServer

@Suite struct CookieJarTests {
    private let jar = CookieJar(basePath: .root)

    private func set(_ jar: CookieJar, _ environment: RequestEnvironment) -> [String] {
        var response = Response(status: .ok)
        jar.set("name", to: "value", maxAge: 60, on: &response, environment)
        return response.headers[values: .setCookie]
    }

    /// Browsers send a host's cookies to every port of it.
    @Test func thePortIsPartOfTheName() {
        #expect(set(jar, environment(port: 8080)).first?.hasPrefix("name_8080=value;") == true)
        #expect(set(jar, environment()).first?.hasPrefix("name=value;") == true)
        let both = request(.get, "/", [.cookie: "name=old; name_8080=new"])
        #expect(jar.value(of: "name", in: both, environment(port: 8080)) == "new")
        #expect(jar.value(of: "name", in: both, environment(port: 9090)) == "old", "of a version before 0.2.0")
        #expect(jar.value(of: "other", in: both, environment(port: 8080)) == nil)
    }

    @Test func scriptsAndOtherSitesDoNotGetIt() throws {
        // The order of the attributes is any.
        func attributes(_ jar: CookieJar, _ environment: RequestEnvironment) throws -> Set<String> {
            Set(try #require(set(jar, environment).first).split(separator: "; ").dropFirst().map(String.init))
        }
        let plain = try attributes(jar, environment())
        #expect(plain.isSuperset(of: ["HttpOnly", "SameSite=Strict", "Path=/auth"]))
        #expect(!plain.contains("Secure"))
        #expect(try attributes(jar, environment(isSecure: true)).contains("Secure"))
        let below = CookieJar(basePath: try #require(BasePath("/chat")))
        #expect(try attributes(below, environment()).contains("Path=/chat/auth"))
    }

    @Test func onlyTheCookieThatWasReadIsRemoved() {
        func cleared(_ cookies: String, _ clear: (Request, inout Response) -> Void) -> [String] {
            var response = Response(status: .ok)
            clear(request(.get, "/", [.cookie: cookies]), &response)
            return response.headers[values: .setCookie].map { String($0.prefix { $0 != "=" }) }
        }
        let environment = environment(port: 8080)
        func all(_ cookies: String) -> [String] { cleared(cookies) { jar.clear("name", of: $0, on: &$1, environment) } }
        func old(_ cookies: String) -> [String] {
            cleared(cookies) { jar.clearOld("name", of: $0, on: &$1, environment) }
        }
        #expect(all("name_8080=a") == ["name_8080"])
        #expect(all("name=a") == ["name_8080", "name"])
        #expect(all("name_8080=a; name=b") == ["name_8080"], "the other may be another server's")
        #expect(old("name=a") == ["name"])
        #expect(old("name_8080=a; name=b") == [])
        #expect(old("") == [])
    }
}
