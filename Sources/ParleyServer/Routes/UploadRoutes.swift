import Chat
import ChatModel
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// `/upload`: sending files and getting them back.
struct UploadRoutes {
    let uploads: Uploads
    let tus: TusRoutes
    /// Whether pages of other origins may show the files.
    let embeddable: Bool

    func register(on router: Router<RequestEnvironment>) {
        // The tus protocol shares these paths: its requests are told by a header.
        router.route("/upload", [.post: tus.create(orElse: receiveForm), .options: tus.describe])
        router.route(
            "/upload/:id",
            [
                .get: show, .put: tus.overridden(orElse: receiveBody), .delete: tus.terminate(orElse: delete),
                .patch: tus.append,
                .head: tus.status(orElse: show), .post: tus.overridden(orElse: TusRoutes.refusePost),
                .options: tus.describe,
            ])
        router.route("/upload/:id/file", [.get: serveFile])
        router.route("/upload/:id/thumbnail/:size", [.get: serveThumbnail])
    }

    private struct UploadList: JSONWritable {
        var uploads: [Upload]

        func write(to json: inout JSONWriter) {
            json.object { $0.field("uploads", uploads) }
        }
    }

    // MARK: Receiving

    /// `curl -T photo.jpg …/upload/`: the path ends with the file's name.
    @Sendable private func receiveBody(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        let caller = try context.requiredCaller
        // RFC 9110 § 14.5: a part must not pass for the whole.
        guard request.headers[.contentRange] == nil else {
            throw ChatError(.malformedRequest, "Content-Range: a file is sent whole, or in pieces by the tus protocol")
        }
        let name = PercentEncoding.decode(context.parameters.get("id") ?? "")
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
        return .json(writing: UploadList(uploads: [upload]), status: .created)
    }

    /// `curl -F file=@photo.jpg …/upload`
    @Sendable private func receiveForm(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        let caller = try context.requiredCaller
        guard let boundary = request.headers[.contentType].flatMap(MultipartParser.boundary) else {
            throw ChatError(.unsupportedMediaType, "an upload is multipart/form-data, or the body of a PUT")
        }
        let length = request.headers.announcedLength
        if let length, length > uploads.maximumBytes + MultipartParser.maximumFraming { throw uploads.tooLarge }
        var received = 0
        var form = IncomingForm(
            boundary: boundary, length: length, uploads: uploads,
            uploader: Uploader(user: caller.user, address: context.client.bytes))
        do {
            for try await buffer in request.body {
                received += buffer.readableBytes
                guard received <= uploads.maximumBytes + MultipartParser.maximumFraming else { throw uploads.tooLarge }
                try await form.receive(buffer)
            }
            guard received > 0 else { throw ChatError.invalid("file", "the form is empty") }
            let finished = try await form.finish()
            return .json(writing: UploadList(uploads: finished), status: .created)
        } catch {
            await form.abandon()
            throw error
        }
    }

    // MARK: Showing

    @Sendable private func show(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        .json(writing: try await uploads.find(context.id(of: Upload.self), for: try context.requiredCaller.user))
    }

    @Sendable private func serveFile(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        await serve(.file, request, context)
    }

    @Sendable private func serveThumbnail(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        await serve(.thumbnail(context.parameters.get("size") ?? ""), request, context)
    }

    private func serve(
        _ variant: Uploads.Variant, _ request: Request, _ context: RequestEnvironment
    ) async -> Response {
        var response: Response
        do {
            response = try await open(variant, request, context)
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
        let opened = try await uploads.open(context.id(of: Upload.self), variant, with: key)
        return try await FileResponse.make(opened, for: request)
    }

    @Sendable private func delete(_ request: Request, _ context: RequestEnvironment) async throws -> Response {
        try await uploads.delete(context.id(of: Upload.self), by: try context.requiredCaller.user)
        return .noContent
    }
}

/// The files of one form as they arrive. All are kept or none: what was finished before something went wrong is
/// deleted again.
private struct IncomingForm {
    private var parser: MultipartParser
    /// Of the whole form, if the sender says it.
    let length: Int?
    let uploads: Uploads
    let uploader: Uploader

    private var current: Uploads.Incoming?
    /// Whether it has no name: what a browser sends for an input without a file.
    private var isUnnamed = false
    private var finished: [Upload] = []
    /// What parts without a file may hold together, in bytes: nobody reads them.
    private var fieldBytes = 0
    private static let maximumFieldBytes = 64 * 1024

    init(boundary: String, length: Int?, uploads: Uploads, uploader: Uploader) {
        parser = MultipartParser(boundary: boundary)
        self.length = length
        self.uploads = uploads
        self.uploader = uploader
    }

    mutating func receive(_ buffer: ByteBuffer) async throws {
        do {
            for event in try parser.feed(buffer) { try await handle(event) }
        } catch let error as MultipartParser.Malformed {
            throw ChatError(.malformedRequest, error.detail)
        }
    }

    private mutating func handle(_ event: MultipartParser.Event) async throws {
        switch event {
        case .began(let fields):
            guard let name = ContentDisposition(fields["content-disposition"] ?? "").fileName else { return }
            isUnnamed = name.isEmpty
            current = try await uploads.begin(name, length: nil, bound: length, uploader: uploader)
        case .bytes(let bytes):
            if let current {
                try await uploads.append(bytes, to: current)
            } else {
                fieldBytes += bytes.readableBytes
                guard fieldBytes <= Self.maximumFieldBytes else {
                    throw ChatError(.tooLarge, "a part without a file name holds too much")
                }
            }
        case .ended:
            guard let incoming = current else { return }
            current = nil
            if isUnnamed, await incoming.isEmpty { return await uploads.abandon(incoming) }
            finished.append(try await uploads.finish(incoming))
        case .finished:
            return
        }
    }

    mutating func finish() async throws -> [Upload] {
        do {
            try parser.finish()
        } catch {
            throw ChatError(.malformedRequest, error.detail)
        }
        guard !finished.isEmpty else { throw ChatError.invalid("file", "no part of the form is a file") }
        return finished
    }

    func abandon() async {
        if let current { await uploads.abandon(current) }
        for upload in finished { try? await uploads.delete(upload.id, by: uploader.user) }
    }
}
