import Foundation
import Testing

@testable import ChatModel

@Suite struct RulesStatusTests {
    @Test func statusIsOneLineThatCanBeSeen() throws {
        #expect(try Rules.status(StatusMessage(text: " at lunch ")).text == "at lunch")
        for text in ["", "   ", "a\u{0}b", String(repeating: "a", count: 101)] {
            #expect(throws: ChatError.self) { try Rules.status(StatusMessage(text: text)) }
        }
        #expect(try Rules.status(StatusMessage(text: "a", emoji: "\u{2764}")).emoji == "\u{2764}\u{FE0F}")
        for emoji in ["", "a", "👍👍"] {
            #expect(throws: ChatError.self) { try Rules.status(StatusMessage(text: "a", emoji: emoji)) }
        }
    }

    @Test func silenceHasTwoTimesAndAZone() throws {
        func check(_ from: Int, _ to: Int, _ zone: String) throws {
            _ = try Rules.doNotDisturb(
                #require(DoNotDisturb(until: nil, hours: .init(from: from, to: to, timeZone: zone))))
        }
        for zone in ["UTC", "Europe/Berlin", "America/Argentina/Ushuaia", "Etc/GMT+5"] { try check(1320, 420, zone) }
        for (from, to) in [(60, 60), (-1, 60), (0, 1440)] {
            #expect(throws: ChatError.self) { try check(from, to, "UTC") }
        }
        for zone in ["", "/etc", "Europe Berlin", "+01:00", String(repeating: "z", count: 65)] {
            #expect(throws: ChatError.self) { try check(0, 60, zone) }
        }
    }
}
