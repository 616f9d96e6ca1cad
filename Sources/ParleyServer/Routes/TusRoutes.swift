import Chat
import ChatModel
import HTTPTypes
import Hummingbird

/// Resumable uploads by the tus protocol, version 1.0 (tus.io): core, and the extensions creation,
/// creation-with-upload, termination, checksum and expiration.
///
/// It shares its paths with the other ways to upload. A request with `Tus-Resumable` is meant for it.
struct TusRoutes {
    let uploads: ResumableUploads
    let maximumBytes: Int

    // MARK: Which requests

    /// `POST /upload`
    func create(orElse other: @escaping Handler) -> Handler { choose(create, other) }

    /// `HEAD /upload/{id}`
    func status(orElse other: @escaping Handler) -> Handler { choose(status, other) }

    /// `DELETE /upload/{id}`
    func terminate(orElse other: @escaping Handler) -> Handler { choose(terminate, other) }

    private func choose(_ own: @escaping Handler, _ other: @escaping Handler) -> Handler {
        { request, context in
            try await request.headers[.tusResumable] == nil ? other(request, context) : own(request, context)
        }
    }

    /// `POST` and `PUT /upload/{id}` by clients that can send no other method.
    func overridden(orElse other: @escaping Handler) -> Handler {
        { request, context in
            // Cut, since comparing takes time that grows with the square of the combining marks.
            switch request.headers[.methodOverride].map({ $0.unicodeScalars.prefix(8) }).map({ String($0).uppercased() }
            ) {
            case "PATCH": try await append(request, context)
            case "DELETE": try await terminate(request, context)
            case "HEAD": try await status(request, context)
            case nil: try await other(request, context)
            default: try await Self.refusePost(request, context)
            }
        }
    }

    @Sendable static func refusePost(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        throw Problem(
            .methodNotAllowed, code: "method_not_allowed",
            detail: "POST is for X-HTTP-Method-Override with PATCH, DELETE or HEAD",
            headers: [.allow: "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"])
    }

    // MARK: What they do

    /// `OPTIONS`: what the server can do. The one request that needs no version.
    @Sendable func describe(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        Response(
            status: .noContent,
            headers: [
                .tusResumable: TusHeaders.version, .tusVersion: TusHeaders.version,
                .tusExtension: TusHeaders.extensions, .tusMaxSize: String(maximumBytes),
                .tusChecksumAlgorithm: TusHeaders.checksumAlgorithms,
            ])
    }

    @Sendable private func create(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try await answer(request, context) { owner in
            let uploader = Uploader(user: owner, address: context.client.bytes)
            let headers = request.headers
            if headers[.uploadConcat] != nil || headers[.uploadDeferLength] != nil {
                throw ChatError(.malformedRequest, "neither Upload-Concat nor Upload-Defer-Length is supported")
            }
            guard let length = try TusHeaders.count(.uploadLength, in: headers) else {
                throw ChatError(.malformedRequest, "Upload-Length: the number of bytes of the upload")
            }
            let metadata = try TusHeaders.metadata(headers[.uploadMetadata] ?? "")
            let name = metadata["filename"] ?? metadata["name"] ?? ""
            let size = try TusHeaders.count(.contentLength, in: headers)
            let bringsBytes = TusHeaders.bringsBytes(headers)
            guard bringsBytes || size ?? 0 == 0 else { throw Self.wrongType }
            let checksum = try bringsBytes ? headers[.uploadChecksum].map(TusHeaders.checksum) : nil
            if let size, size > length { throw ResumableUploads.tooLong(length) }
            var progress = try await uploads.create(
                name: name, metadata: headers[.uploadMetadata], length: length, uploader: uploader)
            if bringsBytes, size != 0, length > 0 {
                do {
                    progress = try await uploads.append(
                        request.body, size: size, to: progress.id, at: 0, checksum: checksum, uploader: uploader)
                } catch {
                    // Its sender never hears of it.
                    try? await uploads.terminate(progress.id, owner: owner)
                    throw error
                }
            }
            var response = response(.created, progress)
            response.headers[.location] = "/upload/\(progress.id)"
            return response
        }
    }

    @Sendable private func status(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try await answer(request, context) { owner in
            let progress = try await uploads.status(of: context.id(of: Upload.self), owner: owner)
            var response = response(.ok, progress)
            response.headers[.uploadLength] = String(progress.length)
            response.headers[.uploadMetadata] = progress.metadata
            response.headers[.cacheControl] = "no-store"
            return response
        }
    }

    @Sendable func append(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try await answer(request, context) { owner in
            guard TusHeaders.bringsBytes(request.headers) else { throw Self.wrongType }
            guard let offset = try TusHeaders.count(.uploadOffset, in: request.headers) else {
                throw ChatError(.malformedRequest, "Upload-Offset: where the bytes belong")
            }
            let progress = try await uploads.append(
                request.body, size: try TusHeaders.count(.contentLength, in: request.headers),
                to: context.id(of: Upload.self), at: offset,
                checksum: try request.headers[.uploadChecksum].map(TusHeaders.checksum),
                uploader: Uploader(user: owner, address: context.client.bytes))
            return response(.noContent, progress)
        }
    }

    @Sendable private func terminate(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try await answer(request, context) { owner in
            try await uploads.terminate(context.id(of: Upload.self), owner: owner)
            return .noContent
        }
    }

    private static let wrongType = ChatError(.unsupportedMediaType, "Content-Type: \(TusHeaders.contentType)")

    // MARK: Answers

    private func response(_ status: HTTPResponse.Status, _ progress: ResumableUploads.Progress) -> Response {
        var headers: HTTPFields = [.uploadOffset: String(progress.offset)]
        headers[.uploadExpires] = progress.expires.map(TusHeaders.date)
        return Response(status: status, headers: headers)
    }

    private func answer(
        _ request: Request, _ context: RequestEnvironment, _ body: (UserID) async throws -> Response
    ) async throws -> Response {
        guard request.headers[.tusResumable] == TusHeaders.version else {
            throw Problem(
                .preconditionFailed, code: "tus_version", detail: "Tus-Resumable: \(TusHeaders.version)",
                headers: [.tusVersion: TusHeaders.version])
        }
        return try await body(try context.requiredCaller.user)
    }
}

/// Every answer to a request of the protocol names its version, whoever refuses it.
struct TusVersion: RouterMiddleware {
    func handle(
        _ request: Request, context: RequestEnvironment,
        next: (Request, RequestEnvironment) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        let isTus = request.headers[.tusResumable] != nil || request.method == .patch
        if isTus, request.routePath.hasPrefix("/upload") { response.headers[.tusResumable] = TusHeaders.version }
        return response
    }
}
