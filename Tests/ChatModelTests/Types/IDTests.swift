import Foundation
import Testing

@testable import ChatModel

@Suite struct IdentifierTests {
    @Test func idsAreUUIDsOfVersion7() throws {
        let date = Date(timeIntervalSince1970: 1_800_000_000.123)
        let id = UserID.make(now: date)
        let bytes = withUnsafeBytes(of: id.uuid.uuid) { Array($0) }
        let milliseconds = bytes[0..<6].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        #expect(abs(Int64(milliseconds) - 1_800_000_000_123) <= 1)
        #expect(bytes[6] >> 4 == 7)
        #expect(bytes[8] >> 6 == 0b10)
        #expect(UserID(id.description) == id)
        #expect(id.description == id.uuid.uuidString.lowercased())
        #expect(UserID(id.uuid.uuidString) == id, "upper case is read too")
    }

    @Test func idsSortByTime() {
        let start = Date()
        let ids = (0..<100).map { MessageID.make(now: start + Double($0) / 100) }
        #expect(ids == ids.sorted())
        #expect(Set((0..<1000).map { _ in MessageID.make(now: start) }).count == 1000)
    }

    @Test(arguments: ["", "nonsense", "01a1fbfe-c86c-7e67-a7d1-b1bed26d1f9", "{01a1fbfe-c86c-7e67-a7d1-b1bed26d1f}"])
    func malformedIDsAreNone(text: String) throws {
        #expect(UserID(text) == nil)
        let decoded = try JSONDecoder().decode([UserID].self, from: JSONEncoder().encode([text]))
        #expect(decoded == [.unknown])
    }

    @Test func cursorsComeBackAsTheyWere() throws {
        // To the microsecond, as PostgreSQL keeps time: a page begins exactly where the last one ended.
        let date = Date(timeIntervalSince1970: 1_799_999_999.123457)
        let cursor = ActivityCursor(date: date, id: .make())
        let read = try #require(ActivityCursor(cursor.text))
        #expect(read.id == cursor.id)
        #expect(read.text == cursor.text)
        #expect(Int64((read.date.timeIntervalSince1970 * 1_000_000).rounded()) == 1_799_999_999_123_457)
        for bad in ["", "_", "x_\(UserID.make())", "12", "12_x", "99999999999999999999_\(UserID.make())", "1_2_3"] {
            #expect(ActivityCursor(bad) == nil, "\(bad)")
        }
    }
}
