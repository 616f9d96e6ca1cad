import ChatModel

extension JSONWriter {
    /// The member `banned` of a refusal.
    mutating func field(_ ban: Ban?) {
        guard let ban else { return }
        name("banned")
        object { json in
            json.field("reason", ban.reason)
            json.field("until", ban.until)
        }
    }
}
