import Chat
import ChatModel
import HTTPTypes
import Hummingbird

/// Resumable uploads by the tus protocol, version 1.0 (tus.io): core, and the extensions that `TusHeaders.extensions` lists.
///
/// It shares its paths with the other ways to upload. A request with `Tus-Resumable` belongs to it.
struct TusRoutes {
    let uploads: ResumableUploads
    let maxBytes: Int
    let basePath: BasePath

    /// `POST` and `PUT /upload/{id}` with `X-HTTP-Method-Override`, by clients that can send no other method.
    func performOverride(_ request: Request, _ context: RequestEnvironment, _ caller: Caller) async throws -> Response {
        // Cut before it is compared: that takes time which grows with the square of the combining marks.
        let method = request.headers[.methodOverride].map { String($0.unicodeScalars.prefix(8)).uppercased() }
        switch method {
        case "PATCH": return try await append(request, context, caller)
        case "DELETE": return try await terminate(request, context, caller)
        case "HEAD": return try await status(request, context, caller)
        default:
            throw Problem(
                .methodNotAllowed, code: "method_not_allowed",
                detail: "POST is for X-HTTP-Method-Override with PATCH, DELETE or HEAD",
                headers: [.allow: "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT"])
        }
    }

    /// `OPTIONS`: what the server can do. The only request that needs no version.
    func describe() -> Response {
        Response(
            status: .noContent,
            headers: [
                .tusResumable: TusHeaders.version, .tusVersion: TusHeaders.version,
                .tusExtension: TusHeaders.extensions, .tusMaxSize: String(maxBytes),
                .tusChecksumAlgorithm: TusHeaders.checksumAlgorithms,
                // As the draft of the IETF wants it.
                .acceptPatch: "\(DraftHeaders.contentType), \(TusHeaders.contentType)",
                .uploadLimit: "max-size=\(maxBytes)",
            ])
    }

    func create(_ request: Request, _ context: RequestEnvironment, _ caller: Caller) async throws -> Response {
        try await answer(request) {
            let uploader = Uploader(user: caller.user, address: context.client.bytes)
            let headers = request.headers
            let concat = try headers[.uploadConcat].map { try TusHeaders.concat($0, below: basePath) }
            let metadata = try TusHeaders.metadata(headers[.uploadMetadata] ?? "")
            let name = metadata["filename"] ?? metadata["name"] ?? ""
            let size = try TusHeaders.count(.contentLength, in: headers)
            let bringsBytes = TusHeaders.bringsBytes(headers)
            guard bringsBytes || size ?? 0 == 0 else { throw Self.wrongType }
            if case .final(let parts) = concat {
                guard size ?? 0 == 0 else {
                    throw ChatError(.forbidden, "an upload that consists of others brings no bytes of its own")
                }
                let progress = try await uploads.concatenate(
                    parts, concat: headers[.uploadConcat] ?? "", name: name, metadata: headers[.uploadMetadata],
                    uploader: uploader)
                return created(progress)
            }
            let length = try TusHeaders.length(headers)
            let checksum = try bringsBytes ? headers[.uploadChecksum].map(TusHeaders.checksum) : nil
            if let size, let length, size > length { throw ResumableUploads.tooLong(length) }
            var progress = try await uploads.create(
                name: name, metadata: headers[.uploadMetadata], .init(length: length, isPart: concat == .partial),
                uploader: uploader)
            if bringsBytes, size != 0, length != 0 {
                do {
                    progress = try await uploads.append(
                        request.body, .init(size: size, offset: 0, checksum: checksum), to: progress.id,
                        uploader: uploader)
                } catch {
                    // Its sender never learns its id.
                    try? await uploads.terminate(progress.id, owner: caller.user)
                    throw error
                }
            }
            return created(progress)
        }
    }

    func status(_ request: Request, _ context: RequestEnvironment, _ caller: Caller) async throws -> Response {
        try await answer(request) {
            let progress = try await uploads.status(of: context.id(of: Upload.self), owner: caller.user)
            var response = response(.ok, progress)
            response.headers[.uploadLength] = progress.length.map(String.init)
            response.headers[.uploadDeferLength] = progress.length == nil ? "1" : nil
            response.headers[.uploadMetadata] = progress.metadata
            response.headers[.uploadConcat] = progress.concat
            response.headers[.cacheControl] = "no-store"
            return response
        }
    }

    func append(_ request: Request, _ context: RequestEnvironment, _ caller: Caller) async throws -> Response {
        try await answer(request) {
            guard TusHeaders.bringsBytes(request.headers) else { throw Self.wrongType }
            guard let offset = try TusHeaders.count(.uploadOffset, in: request.headers) else {
                throw ChatError(.malformedRequest, "Upload-Offset: where the bytes belong")
            }
            let piece = ResumableUploads.Piece(
                size: try TusHeaders.count(.contentLength, in: request.headers), offset: offset,
                checksum: try request.headers[.uploadChecksum].map(TusHeaders.checksum),
                length: try TusHeaders.count(.uploadLength, in: request.headers))
            let progress = try await uploads.append(
                request.body, piece, to: context.id(of: Upload.self),
                uploader: Uploader(user: caller.user, address: context.client.bytes))
            return response(.noContent, progress)
        }
    }

    func terminate(_ request: Request, _ context: RequestEnvironment, _ caller: Caller) async throws -> Response {
        try await answer(request) {
            try await uploads.terminate(context.id(of: Upload.self), owner: caller.user)
            return .noContent
        }
    }

    private static let wrongType = ChatError(.unsupportedMediaType, "Content-Type: \(TusHeaders.contentType)")

    // MARK: Answers

    private func created(_ progress: ResumableUploads.Progress) -> Response {
        var response = response(.created, progress)
        response.headers[.location] = "\(basePath.text)/upload/\(progress.id)"
        return response
    }

    private func response(_ status: HTTPResponse.Status, _ progress: ResumableUploads.Progress) -> Response {
        var headers: HTTPFields = [.uploadOffset: String(progress.offset)]
        headers[.uploadExpires] = progress.expires.map(TusHeaders.date)
        return Response(status: status, headers: headers)
    }

    private func answer(_ request: Request, _ body: () async throws -> Response) async throws -> Response {
        guard request.headers[.tusResumable] == TusHeaders.version else {
            throw Problem(
                .preconditionFailed, code: "tus_version", detail: "Tus-Resumable: \(TusHeaders.version)",
                headers: [.tusVersion: TusHeaders.version])
        }
        return try await body()
    }
}

extension Request {
    /// Whether it is meant for the tus protocol.
    var isTus: Bool { headers[.tusResumable] != nil }
}
