import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import Testing

@testable import ParleyServer

@Suite struct DeviceCookieTests {
    private func cookie(_ secret: String = "secret", previous: String? = nil) -> DeviceCookie {
        func key(_ text: String) -> SymmetricKey { SymmetricKey(data: Data(text.utf8)) }
        return DeviceCookie(secret: key(secret), previous: previous.map(key), jar: CookieJar(basePath: .root))
    }

    /// The cookie of a browser after these users have signed in, one after another.
    private func browser(_ users: String..., from: HTTPFields = [:], by cookie: DeviceCookie) -> HTTPFields {
        users.reduce(from) { headers, user in
            var response = Response(status: .ok)
            cookie.set(for: user, on: &response, to: request(.post, "/auth/login", headers), environment())
            return response.cookies
        }
    }

    private func device(_ user: String, _ headers: HTTPFields, by cookie: DeviceCookie) -> [UInt8]? {
        cookie.device(of: user, in: request(.post, "/auth/login", headers), environment())
    }

    @Test func aDeviceIsKnownToWhoSignedInOnIt() throws {
        let cookie = cookie()
        let headers = browser("ana", by: cookie)
        #expect(device("ana", headers, by: cookie)?.count == 16)
        #expect(device("bo", headers, by: cookie) == nil)
        #expect(device("ana", [:], by: cookie) == nil)
        let again = browser("ana", from: headers, by: cookie)
        #expect(device("ana", again, by: cookie) == device("ana", headers, by: cookie), "it stays the same device")
        #expect(device("ana", browser("ana", by: cookie), by: cookie) != device("ana", headers, by: cookie))
    }

    @Test func nobodyMakesAMark() throws {
        let cookie = cookie()
        let value = try #require(browser("ana", by: cookie)[.cookie])
        let forged = value.dropLast() + (value.hasSuffix("0") ? "1" : "0")
        #expect(device("ana", [.cookie: String(forged)], by: cookie) == nil)
        #expect(device("ana", [.cookie: "parley_device=\(String(repeating: "0", count: 96))"], by: cookie) == nil)
        #expect(device("ana", [.cookie: value.replacing("=", with: "=+")], by: cookie) == nil)
        let long = value + String(repeating: ".00", count: 200)
        #expect(device("ana", [.cookie: long], by: cookie) == nil, "a long one is not looked at")
    }

    @Test func theLastFourUsersAreRemembered() {
        let cookie = cookie()
        let headers = browser("ana", "bo", "cleo", "dana", "eve", by: cookie)
        #expect(
            ["ana", "bo", "cleo", "dana", "eve"].map { device($0, headers, by: cookie) != nil } == [false]
                + Array(repeating: true, count: 4))
    }

    @Test func aMarkOutlivesOneChangeOfTheSecret() {
        let headers = browser("ana", by: cookie("first"))
        let second = cookie("second", previous: "first")
        #expect(device("ana", headers, by: second) != nil)
        #expect(device("ana", headers, by: cookie("third", previous: "second")) == nil)
        let renewed = browser("ana", from: headers, by: second)
        #expect(device("ana", renewed, by: cookie("third", previous: "second")) == device("ana", headers, by: second))
    }
}
