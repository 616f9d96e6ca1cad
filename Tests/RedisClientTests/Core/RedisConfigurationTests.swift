import Testing

@testable import RedisClient

@Suite struct RedisConfigurationTests {
    @Test func aURLSaysWhereAndWho() throws {
        let plain = try RedisConfiguration(url: "redis://cache.example")
        #expect(plain.address == "redis://cache.example:6379/0")
        #expect(plain.username == nil && plain.password == nil)
        let full = try RedisConfiguration(url: "rediss://me:p%40ss@[::1]:7000/3")
        #expect(full.address == "rediss://[::1]:7000/3")
        #expect(full.username == "me" && full.password == "p@ss" && full.host == "::1" && full.database == 3)
        let secret = try RedisConfiguration(url: "redis://:word@h/")
        #expect(secret.username == nil && secret.password == "word" && secret.database == 0)
        #expect(!secret.address.contains("word"))
    }

    @Test(arguments: [
        "", "cache", "http://h", "redis://", "redis://h:0", "redis://h:70000", "redis://h/x", "redis://h/-1",
        "redis://me@h",
        "redis://h/0?a=b", "redis://h h",
    ])
    func otherURLsAreRefused(_ url: String) {
        #expect(throws: RedisError.self) { try RedisConfiguration(url: url) }
    }
}
