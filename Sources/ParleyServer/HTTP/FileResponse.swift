import Chat
import ChatModel
import Foundation
import HTTPTypes
import Hummingbird
import Media

/// The answer with a file's bytes. A browser opens it in a sandbox without scripts.
enum FileResponse {
    /// Types that a browser may show because they cannot run code. SVG and HTML are not among them. All others are
    /// downloads.
    private static let inlineTypes: Set<String> = [
        "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/heic", "image/heif",
        "video/mp4", "video/webm", "video/quicktime", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/webm",
        "audio/flac",
        "audio/wav", "audio/x-wav", "audio/aac", "text/plain", "video/ogg", "application/ogg", "video/3gpp",
    ]

    /// The registered names of types that libmagic, or older servers, call otherwise. Browsers know only these.
    private static let registeredNames = [
        "audio/x-m4a": "audio/mp4", "video/x-m4v": "video/mp4", "audio/x-hx-aac-adts": "audio/aac",
        "audio/x-flac": "audio/flac", "audio/x-wav": "audio/wav", "audio/vnd.wave": "audio/wav",
        "audio/mpegapetag": "audio/mpeg", "application/ogg": "audio/ogg", "audio/x-aiff": "audio/aiff",
        "audio/AMR": "audio/amr", "image/x-ms-bmp": "image/bmp", "image/x-icon": "image/vnd.microsoft.icon",
        "image/vnd.mozilla.apng": "image/apng",
    ]

    static func contentType(of type: String, charset: String?) -> String {
        if type.hasPrefix("text/"), let charset { return "\(type); charset=\(charset)" }
        // What was uploaded before encodings were found.
        return type == "text/plain" ? "text/plain; charset=utf-8" : registeredNames[type] ?? type
    }

    /// Sets the header fields that every answer at a file's address has, refusals included.
    static func protect(_ response: inout Response, embeddable: Bool) {
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.contentSecurityPolicy] = "default-src 'none'; sandbox"
        response.headers[.crossOriginResourcePolicy] = embeddable ? "cross-origin" : "same-origin"
    }

    static func make(_ opened: Uploads.Opened, for request: Request) async throws -> Response {
        let cacheControl = opened.validFor.map { "private, max-age=\($0), immutable" } ?? "private, no-cache"
        return try await make(size: opened.size, etag: opened.etag, cacheControl: cacheControl, for: request) {
            try await body($0, status: $1, headers: $2, opened, request)
        }
    }

    /// An archive is made again each time, and the same files make the same bytes: it has ranges as files do.
    static func make(_ archive: MessageArchive, named name: String, for request: Request) async throws -> Response {
        try await make(size: archive.size, etag: archive.etag, cacheControl: "private, no-cache", for: request) {
            range, status, headers in
            var headers = headers
            headers[.contentType] = "application/zip"
            headers[.contentDisposition] = disposition(name, inline: false)
            return Response(
                status: status, headers: headers,
                body: ResponseBody(contentLength: range.count) { writer in
                    try await archive.write(range) { try await writer.write($0) }
                    try await writer.finish(nil)
                })
        }
    }

    /// Answers as the request's preconditions and its range say.
    /// - Parameter content: The answer with these bytes.
    private static func make(
        size: Int, etag: String, cacheControl: String, for request: Request,
        content: (Range<Int>, HTTPResponse.Status, HTTPFields) async throws -> Response
    ) async throws -> Response {
        var headers: HTTPFields = [.eTag: "\"\(etag)\"", .acceptRanges: "bytes", .cacheControl: cacheControl]
        switch FileRequest(request.method, headers: request.headers, size: size, etag: etag) {
        case .preconditionFailed:
            return Problem(
                .preconditionFailed, code: "precondition_failed", detail: "If-Match names another version of this file"
            ).response
        case .notModified:
            return Response(status: .notModified, headers: headers)
        case .notSatisfiable:
            return Problem(
                .rangeNotSatisfiable, code: "range_not_satisfiable", detail: "the file has \(size) bytes",
                headers: [.contentRange: "bytes */\(size)"]
            ).response
        case .whole:
            return try await content(0..<size, .ok, headers)
        case .range(let range):
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
            return try await content(range, .partialContent, headers)
        }
    }

    private static func body(
        _ range: Range<Int>, status: HTTPResponse.Status, headers: HTTPFields, _ opened: Uploads.Opened,
        _ request: Request
    ) async throws -> Response {
        var headers = headers
        headers[.contentType] = contentType(of: opened.type, charset: opened.charset)
        headers[.contentDisposition] = disposition(opened)
        // Head and body go out in one write.
        if range.count <= BlobReader.wholeSize, request.method != .head {
            let bytes = try await opened.bytes(range)
            return Response(status: status, headers: headers, body: .init(byteBuffer: bytes))
        }
        // Nobody reads the body of an answer to `HEAD`.
        let content = request.method == .head ? nil : try await opened.begin(range)
        return Response(
            status: status, headers: headers,
            body: ResponseBody(contentLength: range.count) { writer in
                try await content?.write { try await writer.write($0) }
                try await writer.finish(nil)
            })
    }

    /// How many seconds an address in the object store works. Whoever has it needs no other right.
    private static let redirectSeconds = 60

    /// Sends whoever asks to the object store.
    /// - Returns: nil where this server sends the bytes.
    static func redirect(_ opened: Uploads.Opened, for request: Request) -> Response? {
        // The address is good for `GET` only. Not every client leaves out its access token where it is sent, and the store
        // refuses a request with two proofs of a right.
        guard request.method == .get, request.headers[.authorization] == nil, let redirect = opened.redirect else {
            return nil
        }
        // Of what is in a cache, only its validity is asked.
        let tag = "\"\(opened.etag)\""
        guard request.headers[.ifMatch] == nil, request.headers[.ifNoneMatch]?.contains(tag) != true else { return nil }
        let fields = [
            ("content-type", contentType(of: opened.type, charset: opened.charset)),
            ("content-disposition", disposition(opened)),
            ("cache-control", "private, max-age=\(redirectSeconds), immutable"),
        ]
        guard let address = redirect(redirectSeconds, fields) else { return nil }
        let seconds = min(opened.validFor ?? 0, redirectSeconds / 2)
        return Response(
            status: .found, headers: [.location: address, .cacheControl: "private, max-age=\(seconds)"])
    }

    private static func disposition(_ opened: Uploads.Opened) -> String {
        disposition(
            opened.upload.name,
            inline: opened.isShowable && inlineTypes.contains(registeredNames[opened.type] ?? opened.type))
    }

    /// RFC 6266: the name in ASCII for old clients, and in full in the encoding of RFC 8187.
    static func disposition(_ name: String, inline: Bool) -> String {
        let ascii = String(
            String.UnicodeScalarView(
                name.unicodeScalars.map { (0x20...0x7E).contains($0.value) && $0 != "\"" && $0 != "\\" ? $0 : "_" }))
        return
            "\(inline ? "inline" : "attachment"); filename=\"\(ascii)\"; filename*=UTF-8''\(PercentEncoding.encode(name))"
    }
}

extension HTTPField.Name {
    /// From the Fetch standard. The literal is a token.
    static let crossOriginResourcePolicy = Self("Cross-Origin-Resource-Policy")!
}
