import Chat
import ChatModel
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// `/upload`: sending files and getting them back.
struct UploadRoutes: RouteGroup {
    let uploads: Uploads
    let tus: TusRoutes
    let draft: DraftRoutes
    /// Whether pages of other origins may show the files.
    let embeddable: Bool

    /// The tus protocol shares these paths: a header tells its requests from the others.
    static let endpoints: [Endpoint<UploadRoutes>] = [
        .init(.options, "/upload", .describeUploads, describe),
        .init(.post, "/upload", .uploadForm, post),
        .init(.options, "/upload/:id", .describeUpload, describe),
        .init(.get, "/upload/:id", .showUpload, show),
        .init(.head, "/upload/:id", .resumeUpload, head),
        .init(.put, "/upload/:id", .uploadBody, overridden: .overrideUpload, put),
        .init(.post, "/upload/:id", .overrideUpload, performOverride),
        .init(.patch, "/upload/:id", .continueUpload, append),
        .init(.delete, "/upload/:id", .deleteUpload, delete),
        .init(.get, "/upload/:id/file", .downloadFile, serveFile),
        .init(.head, "/upload/:id/file", .describeFile, serveFile),
        .init(.get, "/upload/:id/thumbnail/:size", .downloadThumbnail, serveThumbnail),
        .init(.head, "/upload/:id/thumbnail/:size", .describeThumbnail, serveThumbnail),
    ]

    // MARK: By tus or without

    @Sendable private func describe(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        tus.describe()
    }

    @Sendable private func post(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        try request.refuseCoding()
        if request.isTus { return try await tus.create(request, context, caller) }
        // A form holds files, and is no file.
        let isForm = request.headers[.contentType].flatMap(MultipartParser.boundary) != nil
        if !isForm, let headers = DraftHeaders(request.headers), let isComplete = headers.isComplete(request.headers) {
            let name = request.headers[.contentDisposition].flatMap { ContentDisposition($0).fileName }
            return try await draft.create(headers, isComplete: isComplete, name: name ?? "", request, context, caller)
        }
        return try await receiveForm(request, context, caller)
    }

    @Sendable private func put(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        try request.refuseCoding()
        return request.headers[.methodOverride] != nil
            ? try await tus.performOverride(request, context, caller) : try await receiveBody(request, context, caller)
    }

    @Sendable private func performOverride(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        try request.refuseCoding()
        return try await tus.performOverride(request, context, caller)
    }

    @Sendable private func append(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        try request.refuseCoding()
        if let headers = DraftHeaders(request.headers) {
            return try await draft.append(headers, request, context, caller)
        }
        return try await tus.append(request, context, caller)
    }

    @Sendable private func head(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        if let headers = DraftHeaders(request.headers) {
            return try await draft.status(headers, request, context, caller)
        }
        return request.isTus
            ? try await tus.status(request, context, caller) : try await show(request, context, caller)
    }

    @Sendable private func delete(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        if request.isTus { return try await tus.terminate(request, context, caller) }
        if let headers = DraftHeaders(request.headers) { return try await draft.cancel(headers, context, caller) }
        try await uploads.delete(context.id(of: Upload.self), by: caller.user)
        return .noContent
    }

    // MARK: Receiving

    /// `curl -T photo.jpg …/upload/`: the path ends with the file's name.
    private func receiveBody(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        // A part must not be stored as the whole (RFC 9110, section 14.5).
        guard request.headers[.contentRange] == nil else {
            throw ChatError(.malformedRequest, "Content-Range: a file is sent whole, or in pieces by the tus protocol")
        }
        let name = PercentEncoding.decode(context.parameters.get("id") ?? "")
        if let headers = DraftHeaders(request.headers), let isComplete = headers.isComplete(request.headers) {
            return try await draft.create(headers, isComplete: isComplete, name: name, request, context, caller)
        }
        let length = request.headers.announcedLength
        let incoming = try await uploads.begin(
            name, length: length, uploader: Uploader(user: caller.user, address: context.client.bytes))
        do {
            var received = 0
            for try await buffer in request.body {
                received += buffer.readableBytes
                try await uploads.append(buffer, to: incoming)
            }
            // A body that a cancelled task reads ends early, without an error.
            guard length ?? received == received else { throw ChatError(.malformedRequest, "the body is cut short") }
            try Task.checkCancellation()
        } catch {
            await uploads.abandon(incoming)
            throw error
        }
        let upload = try await uploads.finish(incoming)
        return .json(UploadList(uploads: [upload]), status: .created)
    }

    /// `curl -F file=@photo.jpg …/upload`
    private func receiveForm(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        guard let boundary = request.headers[.contentType].flatMap(MultipartParser.boundary) else {
            throw ChatError(.unsupportedMediaType, "an upload is multipart/form-data, or the body of a PUT")
        }
        let length = request.headers.announcedLength
        if let length, length > uploads.maxBytes + MultipartParser.maxFraming { throw uploads.tooLarge }
        var received = 0
        var form = MultipartUpload(
            boundary: boundary, length: length, uploads: uploads,
            uploader: Uploader(user: caller.user, address: context.client.bytes))
        do {
            for try await buffer in request.body {
                received += buffer.readableBytes
                guard received <= uploads.maxBytes + MultipartParser.maxFraming else { throw uploads.tooLarge }
                try await form.receive(buffer)
            }
            guard received > 0 else { throw ChatError.invalid("file", "the form is empty") }
            let finished = try await form.finish()
            return .json(UploadList(uploads: finished), status: .created)
        } catch {
            await form.abandon()
            throw error
        }
    }

    // MARK: Showing

    @Sendable private func show(
        _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        .json(try await uploads.find(context.id(of: Upload.self), for: caller.user))
    }

    @Sendable private func serveFile(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        await serve(request, context) {
            switch request.queryItem("format") {
            case nil: .file
            case "jpeg": .jpeg
            default: throw ChatError.invalid("format", "jpeg, or none for the file itself")
            }
        }
    }

    @Sendable private func serveThumbnail(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        await serve(request, context) { .thumbnail(context.parameters.get("size") ?? "") }
    }

    private func serve(
        _ request: Request, _ context: RequestEnvironment, _ variant: () throws -> Uploads.Variant
    ) async -> Response {
        var response: Response
        do {
            response = try await open(variant(), request, context)
        } catch {
            response = Problem(error, logger: context.logger).response
        }
        FileResponse.protect(&response, embeddable: embeddable)
        return response
    }

    private func open(
        _ variant: Uploads.Variant, _ request: Request, _ context: RequestEnvironment
    ) async throws -> Response {
        let key: Uploads.Key
        if let token = request.queryItem("token") {
            key = .token(token)
        } else {
            key = .user(try context.requiredCaller.user)
        }
        var opened = try await uploads.open(context.id(of: Upload.self), variant, with: key)
        // Whoever asks for it wants to save it.
        if request.queryItem("download") == "1" { opened.isShowable = false }
        if let elsewhere = FileResponse.redirect(opened, for: request) { return elsewhere }
        return try await FileResponse.make(opened, for: request)
    }
}

extension Request {
    /// A coded body must not be stored as the file that it codes (RFC 9110, section 8.4).
    fileprivate func refuseCoding() throws {
        guard let coding = headers[.contentEncoding]?.lowercased(), coding != "identity" else { return }
        throw ChatError(.unsupportedMediaType, "Content-Encoding: a file is sent as it is")
    }
}
