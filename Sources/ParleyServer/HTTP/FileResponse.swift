import Chat
import ChatModel
import Foundation
import HTTPTypes
import Hummingbird
import Media

/// What a request for a file's bytes asks for (RFC 9110 §§ 13 and 14), as pure rules on its length and validator.
enum FileRequest: Equatable {
    case whole
    case range(Range<Int>)
    case notModified
    case notSatisfiable
    case preconditionFailed

    init(_ method: HTTPRequest.Method = .get, headers: HTTPFields, size: Int, etag: String) {
        let tag = "\"\(etag)\""
        // Strong comparison (§ 13.1.1): a weak validator never matches.
        if let list = headers[.ifMatch], !Self.entries(list).contains(where: { $0 == "*" || $0 == tag }) {
            self = .preconditionFailed
            return
        }
        if let list = headers[.ifNoneMatch], Self.names(tag, in: list) {
            self = .notModified
            return
        }
        // Only `GET` has ranges (§ 14.2).
        guard method == .get else {
            self = .whole
            return
        }
        // A part is useful only with the rest of the same version (§ 13.1.5). A date is never a strong validator here.
        if let condition = headers[.ifRange], condition != tag {
            self = .whole
            return
        }
        self = headers[.range].map { Self.part($0, size: size) } ?? .whole
    }

    /// Weak comparison: `W/` does not matter (§ 13.1.2).
    private static func names(_ tag: String, in list: String) -> Bool {
        entries(list).contains { $0 == "*" || $0 == tag || $0 == "W/\(tag)" }
    }

    private static func entries(_ list: String) -> [String] {
        list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    /// One range. Several ranges, and invalid ones, are answered by the whole file (§ 14.2 lets a server ignore them).
    private static func part(_ header: String, size: Int) -> FileRequest {
        guard header.lowercased().hasPrefix("bytes=") else { return .whole }
        let ends = header.dropFirst(6).trimmingCharacters(in: .whitespaces)
            .split(separator: "-", omittingEmptySubsequences: false)
        guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } }) else {
            return .whole
        }
        // A number that is too large for an integer is beyond the end of every file.
        func position(_ digits: Substring) -> Int? { digits.isEmpty ? nil : Int(digits) ?? .max }
        switch (position(ends[0]), position(ends[1])) {
        case (nil, nil): return .whole
        case (nil, let suffix?):
            return suffix == 0 || size == 0 ? .notSatisfiable : .range(max(0, size - suffix)..<size)
        case (let first?, let last):
            guard first <= last ?? first else { return .whole }
            return first < size ? .range(first..<min(last ?? .max, size - 1) + 1) : .notSatisfiable
        }
    }
}

/// The answer with a file's bytes. A browser opens it in a sandbox without scripts.
enum FileResponse {
    /// Types that a browser may show because they cannot run code. SVG and HTML are not among them. All others are
    /// downloads.
    private static let inlineTypes: Set<String> = [
        "image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/heic", "image/heif",
        "video/mp4", "video/webm", "video/quicktime", "audio/mpeg", "audio/mp4", "audio/ogg", "audio/webm",
        "audio/flac",
        "audio/wav", "audio/x-wav", "audio/aac", "text/plain",
    ]

    /// Sets the header fields that every answer at a file's address has, refusals included.
    static func protect(_ response: inout Response, embeddable: Bool) {
        response.headers[.xContentTypeOptions] = "nosniff"
        response.headers[.contentSecurityPolicy] = "default-src 'none'; sandbox"
        response.headers[.crossOriginResourcePolicy] = embeddable ? "cross-origin" : "same-origin"
    }

    static func make(_ opened: Uploads.Opened, for request: Request) async throws -> Response {
        let size = opened.reader.size
        var headers: HTTPFields = [
            .eTag: "\"\(opened.etag)\"",
            .acceptRanges: "bytes",
            .cacheControl: opened.validFor.map { "private, max-age=\($0), immutable" } ?? "private, no-cache",
        ]
        switch FileRequest(request.method, headers: request.headers, size: size, etag: opened.etag) {
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
            return try await body(0..<size, status: .ok, headers: headers, opened, request)
        case .range(let range):
            headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(size)"
            return try await body(range, status: .partialContent, headers: headers, opened, request)
        }
    }

    private static func body(
        _ range: Range<Int>, status: HTTPResponse.Status, headers: HTTPFields, _ opened: Uploads.Opened,
        _ request: Request
    ) async throws -> Response {
        var headers = headers
        let isText = opened.type == "text/plain"
        headers[.contentType] = isText ? "text/plain; charset=utf-8" : opened.type
        headers[.contentDisposition] = disposition(
            opened.upload.name, inline: opened.isShowable && inlineTypes.contains(opened.type))
        // Head and body go out in one write.
        if range.count <= BlobReader.wholeSize, request.method != .head {
            let bytes = try await opened.reader.bytes(range)
            return Response(status: status, headers: headers, body: .init(byteBuffer: bytes))
        }
        let chunks = opened.reader.chunks(range)
        return Response(
            status: status, headers: headers,
            body: ResponseBody(contentLength: range.count) { writer in
                for try await chunk in chunks { try await writer.write(chunk) }
                try await writer.finish(nil)
            })
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
