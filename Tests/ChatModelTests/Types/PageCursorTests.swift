import Foundation
import Testing

@testable import ChatModel

@Suite struct PageCursorTests {
    @Test func aCursorIsReadAsItWasWritten() throws {
        let cursor = ActivityCursor(date: Date(timeIntervalSince1970: 1_700_000_000.123456), id: .make())
        let read = try #require(ActivityCursor(cursor.text))
        #expect(read.id == cursor.id)
        #expect(read.text == cursor.text, "to the microsecond")
    }

    @Test(arguments: ["", "_", "1", "x_y", "1_nonsense", "1.5_01890000-0000-7000-8000-000000000000", "1__2"])
    func whatIsNoneIsNil(text: String) {
        #expect(ActivityCursor(text) == nil)
    }
}
