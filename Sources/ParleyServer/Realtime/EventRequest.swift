import ChatModel
import SocketIO

/// An event of a client, its payload still in JSON.
struct EventRequest: Sendable {
    let payload: JSONFragment
    let caller: Caller
    let connection: ConnectionID
    let reply: EventReply

    func read<Payload: Decodable>(_ type: Payload.Type = Payload.self) throws(ChatError) -> Payload {
        try JSON.decode(type, from: payload)
    }

    func read<Payload: PlainlyReadable>(_ type: Payload.Type = Payload.self) throws(ChatError) -> Payload {
        try JSON.read(type, from: payload)
    }

    /// Runs a use case off the event loop, and acknowledges when it is done.
    func answer(_ body: @escaping @Sendable () async throws -> Void) {
        run {
            try await body()
            reply.succeed()
        }
    }

    /// Runs a use case off the event loop, and acknowledges with what it returns.
    func answer<Answer: JSONWritable>(_ body: @escaping @Sendable () async throws -> Answer) {
        run { reply.succeed(try await body()) }
    }

    private func run(_ body: @escaping @Sendable () async throws -> Void) {
        Task {
            do {
                try await body()
            } catch {
                reply.fail(error)
            }
        }
    }
}
