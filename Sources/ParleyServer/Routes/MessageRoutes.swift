import Chat
import ChatModel
import Foundation
import HTTPTypes
import Hummingbird

/// `/messages`: sending, reading and changing messages.
struct MessageRoutes: RouteGroup {
    let messages: Messages
    let uploads: Uploads
    /// Whether pages of other origins may show the files.
    let embeddable: Bool

    static let endpoints: [Endpoint<MessageRoutes>] = [
        .init(.get, "/messages", .listMessages, list),
        .init(.post, "/messages", .sendMessage, send),
        .init(.get, "/messages/search", .searchMessages, search),
        .init(.get, "/messages/:id", .showMessage, show),
        .init(.patch, "/messages/:id", .editMessage, edit),
        .init(.delete, "/messages/:id", .deleteMessage, delete),
        .init(.get, "/messages/:id/files.zip", .downloadFiles, serveFiles),
        .init(.put, "/messages/:id/reactions/:emoji", .addReaction, addReaction),
        .init(.delete, "/messages/:id/reactions/:emoji", .removeReaction, removeReaction),
        .init(.delete, "/messages/:id/card", .dismissCard, dismissCard),
        .init(.post, "/messages/:id/report", .reportMessage, report),
    ]

    @Sendable private func send(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        let sent = try await messages.send(try await request.json(), from: caller.user)
        return .json(MessageAnswer(message: sent.message), status: sent.repeated ? .ok : .created)
    }

    @Sendable private func list(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
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
                MessageList(
                    try await messages.changed(in: conversation, for: caller.user, since: revision, limit: limit)))
        }
        return .json(
            MessageList(
                try await messages.history(
                    of: conversation, for: caller.user, before: before, after: after, limit: limit)))
    }

    @Sendable private func search(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        guard let text = request.queryItem("q") else {
            throw ChatError(.malformedRequest, "q: is missing", field: "q")
        }
        return .json(
            MessageList(
                try await messages.search(
                    text, for: caller.user,
                    in: request.queryItem("conversationId").map { ConversationID($0) ?? .unknown },
                    before: request.queryItem("before").map { MessageID($0) ?? .unknown },
                    limit: try request.limit(default: 20, maximum: 100))))
    }

    @Sendable private func show(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        answer(try await messages.find(context.id(of: Message.self), for: caller.user))
    }

    @Sendable private func serveFiles(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        var response: Response
        do {
            response = try await archive(request, context)
        } catch {
            response = Problem(error, logger: context.logger).response
        }
        FileResponse.protect(&response, embeddable: embeddable)
        return response
    }

    private func archive(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        let id = context.id(of: Message.self)
        let message: Message
        let key: Uploads.Key
        if let token = request.queryItem("token") {
            try uploads.check(token, for: id)
            key = .token(token)
            message = try await messages.find(shown: id)
        } else {
            let user = try context.requiredCaller.user
            key = .user(user)
            message = try await messages.find(id, for: user)
        }
        let archive = try await uploads.archive(of: message, with: key)
        let day = message.createdAt.formatted(.iso8601.year().month().day())
        return try await FileResponse.make(archive, named: "files-\(day).zip", for: request)
    }

    private struct Edit: Decodable {
        var text: String
    }

    @Sendable private func edit(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        let text = try await request.json(Edit.self).text
        return answer(try await messages.edit(context.id(of: Message.self), text: text, by: caller.user))
    }

    @Sendable private func delete(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        answer(try await messages.delete(context.id(of: Message.self), by: caller.user))
    }

    @Sendable private func addReaction(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        try await react(context, caller, add: true)
    }

    @Sendable private func removeReaction(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        try await react(context, caller, add: false)
    }

    private func react(_ context: RequestEnvironment, _ caller: Caller, add: Bool) async throws -> Response {
        let emoji = context.parameters.get("emoji")?.removingPercentEncoding ?? ""
        return answer(
            try await messages.react(context.id(of: Message.self), emoji: emoji, add: add, by: caller.user))
    }

    @Sendable private func dismissCard(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        answer(try await messages.dismissCard(context.id(of: Message.self), by: caller.user))
    }

    private struct Report: Decodable {
        var reason: String
    }

    @Sendable private func report(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        let reason = try await request.json(Report.self).reason
        try await messages.report(context.id(of: Message.self), reason: reason, by: caller.user)
        return Response(status: .accepted)
    }

    private func answer(_ message: Message) -> Response { .json(MessageAnswer(message: message)) }
}
