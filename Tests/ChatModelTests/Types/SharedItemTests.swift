import Testing

@testable import ChatModel

@Suite struct SharedItemTests {
    @Test(arguments: [false, true]) func cursorComesBackAsItWent(isOldestFirst: Bool) {
        let cursor = SharedItemCursor(seq: 812, position: 3, isOldestFirst: isOldestFirst)
        #expect(SharedItemCursor(cursor.text) == cursor)
    }

    @Test func cursorsBeforeAndAfterAMessageAreWithoutItsItems() {
        #expect(SharedItemCursor.before(seq: 5) == SharedItemCursor(seq: 5, position: 0))
        #expect(SharedItemCursor.after(seq: 5) == SharedItemCursor(seq: 5, position: 32767, isOldestFirst: true))
    }

    @Test(arguments: [
        "", "812", "812-", "-3", "a-b", "1-2-3", "1-2-oldest-", "-1-2", "1--2", "1-99999", "99999999999999999999-1",
    ])
    func anythingElseIsNone(text: String) { #expect(SharedItemCursor(text) == nil) }
}
