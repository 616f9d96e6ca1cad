import ChatModel
import ChatStore
import Logging
import SocketIO

/// The acknowledgement of one event, for a client that asked for one.
struct EventReply: Sendable {
    let acknowledgement: Acknowledgement?
    let logger: Logger

    private static let done = JSONFragment(json: #"{"ok":true}"#)

    /// `{"ok":true}`
    func succeed() { acknowledgement?([Self.done]) }

    func succeed(_ answer: some JSONWritable) { acknowledgement?([JSONFragment(writing: answer)]) }

    func fail(_ error: any Error) {
        guard let acknowledgement else { return }
        let error = ChatError(databaseError: error, logger: logger)
        acknowledgement([JSONFragment(writing: EventFailure(error: error))])
    }
}

/// `{"ok":false,"error":{…}}`
struct EventFailure: JSONWritable {
    var error: ChatError

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("ok", false)
            json.name("error")
            json.object { json in
                json.field("code", error.code.description)
                json.field("detail", error.detail)
                json.field("field", error.field)
                json.field("retryAfter", error.retryAfter)
                json.field(error.ban)
            }
        }
    }
}
