import Chat
import ChatModel
import Foundation
import HTTPTypes
import Hummingbird

/// Resumable uploads by the draft of the IETF, draft-ietf-httpbis-resumable-upload.
///
/// It shares its paths with tus and with plain uploads. An upload that would be a plain one without the draft's fields gets
/// the same final answer with them; a 104 answer before it says where it can be continued.
struct DraftRoutes {
    let uploads: ResumableUploads
    let finished: Uploads
    let maxBytes: Int
    let basePath: BasePath

    /// `POST` or `PUT` of a file.
    func create(
        _ draft: DraftHeaders, isComplete: Bool, name: String, _ request: Request, _ context: RequestEnvironment,
        _ caller: Caller
    ) async throws -> Response {
        let uploader = Uploader(user: caller.user, address: context.client.bytes)
        let size = try TusHeaders.count(.contentLength, in: request.headers)
        let length = try draft.length(request.headers, offset: 0, isComplete: isComplete)
        if let size, let length, size > length { throw ResumableUploads.tooLong(length) }
        if length == 0, isComplete { throw ChatError.invalid("file", "is empty") }
        let begun = try await uploads.create(
            name: name, metadata: nil, .init(length: length, hasExplicitEnd: true), uploader: uploader)
        let location = location(of: begun.id, request, context)
        announce(draft, location, begun, context)
        let piece = ResumableUploads.Piece(size: size, offset: 0, length: length, isLast: isComplete)
        return try await answer(draft, begun.id, caller) {
            let progress = try await uploads.append(request.body, piece, to: begun.id, uploader: uploader)
            var response = try await response(draft, progress, .created, caller)
            if !progress.isFinished { response.headers[.location] = location }
            return response
        }
    }

    /// `HEAD`: where to go on. The client has given up its earlier request, even if the server has not noticed.
    func status(
        _ draft: DraftHeaders, _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        let id = context.id(of: Upload.self)
        await uploads.interrupt(id, owner: caller.user)
        let progress = try await uploads.status(of: id, owner: caller.user)
        var headers = fields(draft, progress)
        headers[.cacheControl] = "no-store"
        if draft.version >= 6 { headers[.uploadLength] = progress.length.map(String.init) }
        return Response(status: .noContent, headers: headers)
    }

    func append(
        _ draft: DraftHeaders, _ request: Request, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        let headers = request.headers
        guard draft.bringsPiece(headers) else {
            throw ChatError(.unsupportedMediaType, "Content-Type: \(DraftHeaders.contentType)")
        }
        guard let offset = try TusHeaders.count(.uploadOffset, in: headers) else {
            throw ChatError(.malformedRequest, "Upload-Offset: where the bytes belong")
        }
        // A version that says the opposite need not say it.
        guard let isComplete = draft.isComplete(headers) ?? (draft.version < 4 ? true : nil) else {
            throw ChatError(.malformedRequest, "Upload-Complete: ?1 with the last bytes, ?0 before")
        }
        let piece = ResumableUploads.Piece(
            size: try TusHeaders.count(.contentLength, in: headers), offset: offset,
            length: try draft.length(headers, offset: offset, isComplete: isComplete), isLast: isComplete)
        let id = context.id(of: Upload.self)
        await uploads.interrupt(id, owner: caller.user)
        return try await answer(draft, id, caller) {
            let progress = try await uploads.append(
                request.body, piece, to: id, uploader: Uploader(user: caller.user, address: context.client.bytes))
            return try await response(draft, progress, progress.isFinished ? .created : .noContent, caller)
        }
    }

    func cancel(
        _ draft: DraftHeaders, _ context: RequestEnvironment, _ caller: Caller
    ) async throws -> Response {
        try await uploads.terminate(context.id(of: Upload.self), owner: caller.user)
        return .noContent
    }

    // MARK: Answers

    /// Sends 104 (Upload Resumption Supported). From then on the client can continue after a cut.
    private func announce(
        _ draft: DraftHeaders, _ location: String, _ begun: ResumableUploads.Progress, _ context: RequestEnvironment
    ) {
        var headers: HTTPFields = [.location: location, .uploadDraftInteropVersion: String(draft.version)]
        headers[.uploadLimit] = limits(draft, begun)
        context.sendInterim(.init(code: 104, reasonPhrase: "Upload Resumption Supported"), headers)
    }

    /// Absolute, because not every client resolves the address in an interim answer.
    private func location(of id: UploadID, _ request: Request, _ context: RequestEnvironment) -> String {
        let path = "\(basePath.text)/upload/\(id)"
        guard let authority = request.head.authority else { return path }
        return "\(context.isSecure ? "https" : "http")://\(authority)\(path)"
    }

    /// What a plain upload answers, once the upload is finished.
    private func response(
        _ draft: DraftHeaders, _ progress: ResumableUploads.Progress, _ status: HTTPResponse.Status, _ caller: Caller
    ) async throws -> Response {
        let headers = fields(draft, progress)
        guard progress.isFinished else { return Response(status: status, headers: headers) }
        let upload = try await finished.find(progress.id, for: caller.user)
        var response = Response.json(UploadList(uploads: [upload]), status: status)
        for field in headers { response.headers[field.name] = field.value }
        return response
    }

    private func fields(_ draft: DraftHeaders, _ progress: ResumableUploads.Progress) -> HTTPFields {
        var headers: HTTPFields = [.uploadOffset: String(progress.offset)]
        draft.setComplete(progress.isFinished, in: &headers)
        headers[.uploadLimit] = limits(draft, progress)
        return headers
    }

    private func limits(_ draft: DraftHeaders, _ progress: ResumableUploads.Progress) -> String? {
        draft.limits(maxBytes: maxBytes, secondsLeft: progress.expires.map { Int($0.timeIntervalSinceNow) })
    }

    /// A refusal of the finished file is told from one of the transfer; a wrong offset comes with the right one.
    private func answer(
        _ draft: DraftHeaders, _ id: UploadID, _ caller: Caller, _ body: () async throws -> Response
    ) async throws -> Response {
        do {
            return try await body()
        } catch let error as ChatError {
            var problem = Problem(error)
            draft.setComplete(error.code == .validationFailed, in: &problem.headers)
            if error.code == .uploadOffsetMismatch,
                let progress = try? await uploads.status(of: id, owner: caller.user)
            {
                problem.headers[.uploadOffset] = String(progress.offset)
                draft.setComplete(progress.isFinished, in: &problem.headers)
            }
            throw problem
        }
    }
}
