import HTTPTypes
import Hummingbird
import NIOCore

/// Compresses answers that are texts, for clients that accept gzip.
///
/// Files go out as they are: they have validators and ranges, which name bytes. So do answers that nobody may transform,
/// such as those with tokens: beside something that the asker chose, their compressed length would tell of them.
struct CompressedAnswers: RouterMiddleware {
    /// Smaller answers gain nothing: they fit into one packet.
    private static let minBytes = 1024
    /// Larger ones would keep a thread for long. No answer in JSON is as large.
    private static let maxBytes = 16 << 20
    /// What an event loop compresses itself, in a fraction of a millisecond. Anything larger leaves it.
    private static let maxInline = 16 * 1024

    func handle(
        _ request: Request, context: RequestEnvironment,
        next: (Request, RequestEnvironment) async throws -> Response
    ) async throws -> Response {
        var response = try await next(request, context)
        guard Self.isCompressible(response) else { return response }
        response.headers[.vary] = response.headers[.vary].map { "\($0), Accept-Encoding" } ?? "Accept-Encoding"
        guard request.headers.acceptsGzip else { return response }
        let collected = CollectedBody()
        try await response.body.write(collected)
        let plain = collected.bytes
        let compressed =
            plain.readableBytes <= Self.maxInline
            ? await Gzip.compress(plain) : await Task { await Gzip.compress(plain) }.value
        response.body = .init(byteBuffer: compressed ?? plain)
        if compressed != nil { response.headers[.contentEncoding] = "gzip" }
        return response
    }

    private static func isCompressible(_ response: Response) -> Bool {
        let headers = response.headers
        guard let length = response.body.contentLength, (minBytes...maxBytes).contains(length),
            headers[.contentEncoding] == nil, headers[.eTag] == nil, headers[.acceptRanges] == nil,
            headers[.contentRange] == nil, headers[.cacheControl]?.contains("no-transform") != true,
            headers[.vary]?.contains("Accept-Encoding") != true
        else { return false }
        return isText(headers[.contentType] ?? "")
    }

    private static func isText(_ type: String) -> Bool {
        let type = type.prefix { $0 != ";" }
        return type.hasPrefix("text/") || type.hasSuffix("+json") || type.hasSuffix("+xml")
            || ["application/json", "application/yaml", "application/javascript"].contains(type)
    }
}

/// Keeps what a body writes.
private final class CollectedBody: ResponseBodyWriter {
    private(set) var bytes = ByteBuffer()

    func write(_ buffer: ByteBuffer) {
        if bytes.readableBytes == 0 { bytes = buffer } else { bytes.writeImmutableBuffer(buffer) }
    }

    func finish(_ trailingHeaders: HTTPFields?) {}
}

extension HTTPFields {
    /// Whether the client accepts gzip, by name or as one of all (RFC 9110, section 12.5.3).
    var acceptsGzip: Bool {
        var byName: Bool?
        var asOneOfAll = false
        for entry in (self[.acceptEncoding] ?? "").lowercased().split(separator: ",") {
            let parts = entry.split(separator: ";").map { $0.filter { !$0.isWhitespace } }
            let weight = parts.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            switch parts.first {
            case "gzip", "x-gzip": byName = weight > 0
            case "*": asOneOfAll = weight > 0
            default: break
            }
        }
        return byName ?? asOneOfAll
    }
}
