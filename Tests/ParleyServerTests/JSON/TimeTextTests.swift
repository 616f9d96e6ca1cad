import Foundation
import Testing

@testable import ParleyServer

@Suite struct TimeTextTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"), (951_782_399.999, "2000-02-28T23:59:59.999Z"),
        (951_782_400, "2000-02-29T00:00:00.000Z"), (951_868_800, "2000-03-01T00:00:00.000Z"),
        (1_709_164_800, "2024-02-29T00:00:00.000Z"), (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        (1_800_000_000.5, "2027-01-15T08:00:00.500Z"), (253_402_300_799, "9999-12-31T23:59:59.000Z"),
    ])
    func aTimeIsWrittenInUTC(seconds: Double, expected: String) {
        #expect(TimeText.text(of: Date(timeIntervalSince1970: seconds)) == expected)
    }

    @Test func aTimeIsWrittenAlikeTheSecondTime() {
        let dates = (0..<1000).map { Date(timeIntervalSince1970: 1_800_000_000 + Double($0) / 1000) }
        let first = dates.map(TimeText.text)
        #expect(dates.map(TimeText.text) == first)
        #expect(Set(first).count == 1000)
    }

    @Test func timesAreWrittenAsTheyAreRead() throws {
        for millisecond in 0..<1000 {
            let text = "2026-01-31T09:30:00.\(String(1000 + millisecond).dropFirst())Z"
            #expect(try TimeText.text(of: #require(JSON.time(text))) == text)
        }
    }

    @Test(arguments: ["0001-01-03T00:00:00.000Z", "9999-12-31T23:59:59.000Z"])
    func theFirstAndTheLastTimeAreWrittenAsTheyAreRead(text: String) throws {
        #expect(try TimeText.text(of: #require(JSON.time(text))) == text)
        #expect(JSON.time("9999-12-31T23:59:59.999Z") != nil)
    }

    @Test(arguments: [
        "10000-01-01T00:00:00Z", "20000-01-01T00:00:00.000Z", "0000-12-31T23:59:59Z", "-0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-01:00", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59.9999Z",
    ])
    func yearsWithoutFourDigitsInUTCAreNoTimes(text: String) {
        #expect(JSON.time(text) == nil)
    }
}
