import ChatModel
import Testing
import WebFetch

@testable import ParleyServer

@Suite struct RateLimitsTests {
    private let now = ContinuousClock.now
    private let ana = RateLimits.Subject.user(.make())
    private let ben = RateLimits.Subject.user(.make())

    /// How many of so many attempts are accepted.
    private func accepted(
        _ count: Int, _ limits: RateLimits, _ rule: RateLimits.Rule, of subject: RateLimits.Subject,
        at time: ContinuousClock.Instant? = nil
    ) -> Int {
        (0..<count).count { _ in (try? limits.spend(rule, of: subject, now: time ?? now)) != nil }
    }

    @Test func eachSubjectAndEachRuleHasABucketOfItsOwn() {
        let limits = RateLimits(isEnabled: true)
        #expect(accepted(1000, limits, .messages, of: ana) == 200)
        #expect(accepted(1000, limits, .messages, of: ben) == 200)
        #expect(accepted(1000, limits, .typing, of: ana) == 30)
        #expect(accepted(1000, limits, .messages, of: ana, at: now + .seconds(2)) == 40)
    }

    @Test func aNameAndANameAtAnAddressAreDifferentSubjects() throws {
        let limits = RateLimits(isEnabled: true)
        let address = ClientAddress(try #require(IPAddress("203.0.113.5")))
        #expect(accepted(100, limits, .failedLogIns, of: .name("ana", from: address)) == 20)
        #expect(accepted(100, limits, .failedLogIns, of: .nameEverywhere("ana")) == 20)
        #expect(accepted(100, limits, .failedLogIns, of: .address(address)) == 20)
    }

    @Test func aRefusalSaysWhenToTryAgain() {
        let limits = RateLimits(isEnabled: true)
        #expect(accepted(60, limits, .registrations, of: ana) == 60)
        let error = #expect(throws: ChatError.self) { try limits.spend(.registrations, of: ana, now: now) }
        #expect(error?.code == .rateLimited)
        #expect(error?.retryAfter == 10)
        // Never less than a second, however soon a token comes.
        #expect(accepted(600, limits, .requests, of: ana) == 600)
        let soon = #expect(throws: ChatError.self) { try limits.spend(.requests, of: ana, now: now) }
        #expect(soon?.retryAfter == 1)
    }

    @Test func aRequirementSpendsNothing() throws {
        let limits = RateLimits(isEnabled: true)
        for _ in 0..<1000 { try limits.require(.joins, of: ana, now: now) }
        #expect(accepted(100, limits, .joins, of: ana) == 60)
        #expect(throws: ChatError.self) { try limits.require(.joins, of: ana, now: now) }
        limits.giveBack(.joins, of: ana, now: now)
        try limits.require(.joins, of: ana, now: now)
    }

    @Test func readingIsPaidForByItsSize() {
        let limits = RateLimits(isEnabled: true)
        func read(_ bytes: Int) -> Bool { (try? limits.spendReading(bytes: bytes, of: ana, now: now)) != nil }
        for _ in 0..<10_000 { #expect(read(1024)) }
        #expect((0..<20).count { _ in read(1_000_000) } == 8)
        #expect(read(1024), "the first kibibyte is free")
    }

    @Test func nothingIsLimitedWhereLimitsAreOff() {
        let limits = RateLimits(isEnabled: false)
        #expect(accepted(10_000, limits, .registrations, of: ana) == 10_000)
    }

    /// The memory is bounded, and a busy subject is not forgotten for others that come once.
    @Test func onlyBucketsThatAreNotUsedAreForgotten() {
        let limits = RateLimits(isEnabled: true, maxBuckets: 8)
        #expect(accepted(60, limits, .joins, of: ana) == 60)
        #expect(accepted(60, limits, .joins, of: ben) == 60)
        for _ in 0..<20 {
            #expect(accepted(1, limits, .joins, of: .user(.make())) == 1)
            #expect(accepted(1, limits, .joins, of: ana) == 0, "in use all the time")
        }
        #expect(accepted(1, limits, .joins, of: ben) == 1, "twenty others came since")
    }
}
