import ChatModel
import Testing
import WebFetch

@testable import ParleyServer

@Suite struct LogInLimitsTests {
    private let limits = LogInLimits(limits: RateLimits(isEnabled: true))

    private func attempt(_ name: String?, from address: String, device: [UInt8]? = nil) throws -> LogInLimits.Attempt {
        .init(name: name, address: ClientAddress(try #require(IPAddress(address))), device: device)
    }

    private static let wrong = ChatError(.invalidCredentials, "wrong")

    /// How many of so many log-ins come as far as the password.
    private func checked(
        _ count: Int, _ attempt: LogInLimits.Attempt, _ outcome: ChatError? = Self.wrong
    ) async -> Int {
        var checked = 0
        for _ in 0..<count {
            try? await limits.logIn(attempt) {
                checked += 1
                if let outcome { throw outcome }
            }
        }
        return checked
    }

    /// What is no name has no account to guess at: a bound for it would be one for everybody's typing errors.
    @Test(arguments: [("ana", 100), (nil, 300)]) func aNameIsBoundedOverAllAddresses(
        _ name: String?, _ bound: Int
    ) async throws {
        var checks = 0
        for number in 0..<30 { checks += await checked(10, try attempt(name, from: "203.0.113.\(number)")) }
        #expect(checks == bound)
        #expect(await checked(1, try attempt("bo", from: "203.0.113.1")) == 1)
    }

    @Test func theKnownCountByThemselves() async throws {
        let home = try attempt("ana", from: "198.51.100.1")
        limits.signedIn("ana", from: home.address)
        #expect(limits.isKnown(home))
        #expect(!limits.isKnown(try attempt("bo", from: "198.51.100.1")))
        for number in 0..<30 { _ = await checked(10, try attempt("ana", from: "203.0.113.\(number)")) }
        #expect(await checked(30, home) == 20)
        let phone = try attempt("ana", from: "203.0.113.1", device: [1])
        #expect(await checked(30, phone) == 20)
        #expect(await checked(1, try attempt("ana", from: "203.0.113.1", device: [2])) == 1)
    }

    @Test func theKnownDoNotSpendWhatStrangersHave() async throws {
        for device in UInt8(0)..<50 {
            _ = await checked(20, try attempt("ana", from: "198.51.100.1", device: [device]))
        }
        #expect(await checked(1, try attempt("ana", from: "203.0.113.1")) == 1)
    }

    @Test func anAddressIsBoundedOverAllNames() async throws {
        var checks = 0
        for number in 0..<30 { checks += await checked(10, try attempt("name\(number)", from: "203.0.113.1")) }
        #expect(checks == 200)
        // What was refused for the address cost no name anything.
        #expect(await checked(100, try attempt("name29", from: "203.0.113.2")) == 20)
    }

    @Test func rightPasswordsCountToo() async throws {
        let here = try attempt("ana", from: "203.0.113.1")
        #expect(await checked(100, here, nil) == 60)
        #expect(await checked(1, try attempt("bo", from: "203.0.113.1"), nil) == 1)
        var checks = 0
        for number in 0..<60 { checks += await checked(10, try attempt("name\(number)", from: "203.0.113.2"), nil) }
        #expect((300..<310).contains(checks))
    }

    @Test func whatWasNotLookedAtCostsNothing() async throws {
        let here = try attempt("ana", from: "203.0.113.1")
        #expect(await checked(200, here, .unavailable) == 200)
        #expect(await checked(100, here) == 20)
    }

    @Test func guessesAtOnesOwnPasswordAreBounded() async throws {
        let address = ClientAddress(try #require(IPAddress("203.0.113.1")))
        let user = UserID.make()
        var checks = 0
        for _ in 0..<50 {
            try? await limits.confirm(user, from: address) {
                checks += 1
                throw Self.wrong
            }
        }
        #expect(checks == 20)
    }
}
