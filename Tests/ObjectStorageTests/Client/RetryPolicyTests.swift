import Testing

@testable import ObjectStorage

@Suite struct RetryPolicyTests {
    @Test func pausesGrowAndStayBounded() {
        #expect(RetryPolicy.pause(after: 1, random: 0) == .milliseconds(50))
        #expect(RetryPolicy.pause(after: 1, random: 1) == .milliseconds(100))
        #expect(RetryPolicy.pause(after: 2, random: 1) == .milliseconds(400))
        #expect(RetryPolicy.pause(after: 100, random: 1) == .seconds(2))
    }

    @Test func onlyWhatMayPassIsTemporary() {
        #expect([500, 502, 503, 504, 429, 408].allSatisfy(RetryPolicy.isTemporary))
        #expect(![200, 301, 400, 403, 404, 412, 501].contains(where: RetryPolicy.isTemporary))
    }
}
