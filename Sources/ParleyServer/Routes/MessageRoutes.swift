import Chat
import ChatModel
import Foundation
import HTTPTypes
import Hummingbird

/// `/messages`: sending, reading and changing messages.
struct MessageRoutes {
    let messages: Messages

    func register(on router: Router<RequestEnvironment>) {
        router.route("/messages", [.get: list, .post: send])
        router.route("/messages/search", [.get: search])
        router.route("/messages/:id", [.get: show, .patch: edit, .delete: delete])
        router.route("/messages/:id/reactions/:emoji", [.put: addReaction, .delete: removeReaction])
        router.route("/messages/:id/report", [.post: report])
    }

    @Sendable private func send(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        let caller = try context.requiredCaller
        let sent = try await messages.send(try await request.json(), from: caller.user)
        return .json(writing: MessageAnswer(message: sent.message), status: sent.repeated ? .ok : .created)
    }

    @Sendable private func list(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        let caller = try context.requiredCaller
        guard let text = request.queryItem("conversationId") else {
            throw ChatError(.malformedRequest, "conversationId: is missing", field: "conversationId")
        }
        let conversation = ConversationID(text) ?? .unknown
        let limit = try request.limit(default: 50, maximum: 200)
        let before = try request.queryInteger("before")
        let after = try request.queryInteger("after")
        if let revision = try request.queryInteger("sinceRevision") {
            guard before == nil, after == nil else {
                throw ChatError(
                    .malformedRequest, "sinceRevision: not together with before or after", field: "sinceRevision")
            }
            return .json(
                writing: MessageList(
                    try await messages.changed(in: conversation, for: caller.user, since: revision, limit: limit)))
        }
        return .json(
            writing: MessageList(
                try await messages.history(
                    of: conversation, for: caller.user, before: before, after: after, limit: limit)))
    }

    @Sendable private func search(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        let caller = try context.requiredCaller
        guard let text = request.queryItem("q") else {
            throw ChatError(.malformedRequest, "q: is missing", field: "q")
        }
        return .json(
            writing: MessageList(
                try await messages.search(
                    text, for: caller.user,
                    in: request.queryItem("conversationId").map { ConversationID($0) ?? .unknown },
                    before: request.queryItem("before").map { MessageID($0) ?? .unknown },
                    limit: try request.limit(default: 20, maximum: 100))))
    }

    @Sendable private func show(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        answer(try await messages.find(context.id(of: Message.self), for: try context.requiredCaller.user))
    }

    private struct Edit: Decodable {
        var text: String
    }

    @Sendable private func edit(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        let caller = try context.requiredCaller
        let text = try await request.json(Edit.self).text
        return answer(try await messages.edit(context.id(of: Message.self), text: text, by: caller.user))
    }

    @Sendable private func delete(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        answer(try await messages.delete(context.id(of: Message.self), by: try context.requiredCaller.user))
    }

    @Sendable private func addReaction(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try await react(context, add: true)
    }

    @Sendable private func removeReaction(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try await react(context, add: false)
    }

    private func react(_ context: RequestEnvironment, add: Bool) async throws -> Response {
        let caller = try context.requiredCaller
        let emoji = context.parameters.get("emoji")?.removingPercentEncoding ?? ""
        return answer(
            try await messages.react(context.id(of: Message.self), emoji: emoji, add: add, by: caller.user))
    }

    private struct Report: Decodable {
        var reason: String
    }

    @Sendable private func report(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        let caller = try context.requiredCaller
        let reason = try await request.json(Report.self).reason
        try await messages.report(context.id(of: Message.self), reason: reason, by: caller.user)
        return Response(status: .accepted)
    }

    private func answer(_ message: Message) -> Response { .json(writing: MessageAnswer(message: message)) }
}
