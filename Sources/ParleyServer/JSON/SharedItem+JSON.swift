import ChatModel

extension SharedItem: JSONWritable {
    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("messageId", messageId)
            json.field("seq", seq)
            json.field("sender", sender)
            json.field("text", text)
            json.field("createdAt", createdAt)
            if let attachment { json.field("attachment", attachment) }
            if !links.isEmpty { json.field("links", links) { $0.string($1) } }
        }
    }
}

/// A page of shared items, `{items,nextCursor?}`.
struct SharedItemList: JSONWritable {
    var items: [SharedItem]
    var nextCursor: String?

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("items", items)
            json.field("nextCursor", nextCursor)
        }
    }
}
