import ChatModel

extension GroupNotice: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("id", id)
            json.field("seq", seq)
            json.field("kind", kind.rawValue)
            if let by { json.field("by", by) }
            json.field("people", people)
            json.field("count", count)
            json.field("title", title)
            json.field("at", at)
        }
    }
}

/// A page of notices, `{notices,hasMore,nextCursor?}`.
struct NoticeList: JSONWritable {
    var notices: [GroupNotice]
    /// Where the page before this one begins; nil for the first of all.
    var nextCursor: String?

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("notices", notices)
            json.field("hasMore", nextCursor != nil)
            if let nextCursor { json.field("nextCursor", nextCursor) }
        }
    }
}
