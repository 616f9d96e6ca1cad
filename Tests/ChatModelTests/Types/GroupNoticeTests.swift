import Testing

@testable import ChatModel

@Suite struct GroupNoticeTests {
    @Test func cursorComesBackAsItWent() {
        let cursor = GroupNoticeCursor(seq: 812, id: 3_000_000_000)
        #expect(GroupNoticeCursor(cursor.text) == cursor)
    }

    @Test(arguments: ["", "812", "812-", "-3", "a-b", "1-2-3", "-1-2", "1--2", "99999999999999999999-1"])
    func anythingElseIsNone(text: String) { #expect(GroupNoticeCursor(text) == nil) }

    @Test func boundsEndWhereTheFirstOfTheirEndsIs() {
        let cursor = GroupNoticeCursor(seq: 7, id: 4)
        #expect(GroupNoticeBounds().end == GroupNoticeCursor(seq: .max, id: 0))
        #expect(GroupNoticeBounds(cursor: cursor).end == cursor)
        #expect(GroupNoticeBounds(before: 8, cursor: cursor).end == cursor)
        #expect(GroupNoticeBounds(before: 7, cursor: cursor).end == GroupNoticeCursor(seq: 7, id: 0))
    }
}
