internal import AsyncHTTPClient
public import NIOCore
internal import NIOHTTP1

/// A whole answer of the store that is not an error.
struct ObjectAnswer: Sendable {
    let status: UInt
    let headers: HTTPHeaders
    let buffers: [ByteBuffer]
    /// Whether the request was made more than once. The store may have done it as often.
    var isRepeated = false

    init(status: UInt, headers: HTTPHeaders, buffers: [ByteBuffer]) {
        self.status = status
        self.headers = headers
        self.buffers = buffers
    }

    /// - Parameter end: When it has taken too long. A connection that brings nothing ends by itself.
    /// - Throws: ``ObjectStoreError`` for every answer that is an error.
    init(
        _ response: HTTPClientResponse, to request: ObjectRequest, until end: ContinuousClock.Instant
    ) async throws {
        let isGood = Self.isGood(response.status.code)
        let most = isGood ? request.maxBytes : ObjectRequest.maxErrorBytes
        var (received, size): ([ByteBuffer], Int) = ([], 0)
        for try await buffer in response.body {
            size += buffer.readableBytes
            guard .now < end else { throw ObjectStoreError(.unavailable, "\(request.key): the answer takes too long") }
            guard size <= most else {
                guard isGood else { break }
                if most == 0 { continue }
                throw ObjectStoreError(.malformed, "\(request.key): the store's answer is longer than it can be")
            }
            received.append(buffer)
        }
        self = ObjectAnswer(status: response.status.code, headers: response.headers, buffers: received)
        try check(size, of: request)
    }

    /// - Parameter size: How many bytes have come, also of those that nobody wants.
    /// - Throws: ``ObjectStoreError`` for an answer that is an error, or was cut.
    func check(_ size: Int, of request: ObjectRequest) throws {
        guard Self.isGood(status) else { throw Self.error(status, headers, bytes, request) }
        guard request.method == .HEAD || Self.isWhole(size, headers) else {
            throw ObjectStoreError(.unavailable, "\(request.key): the store's answer was cut short")
        }
    }

    private static func isGood(_ status: UInt) -> Bool { (200..<300).contains(status) }

    /// What an answer says went wrong; nil if it is none of that kind. Then its body is still to come.
    static func error(
        _ response: HTTPClientResponse, to request: ObjectRequest, within limit: Duration
    ) async throws -> ObjectStoreError? {
        guard !isGood(response.status.code) else { return nil }
        do {
            _ = try await ObjectAnswer(response, to: request, until: .now + limit)
            return nil
        } catch let error as ObjectStoreError {
            return error
        }
    }

    /// Whether so many bytes are what was announced.
    static func isWhole(_ size: Int, _ headers: HTTPHeaders) -> Bool {
        headers.first(name: "content-length").flatMap { Int($0) }.map { $0 == size } ?? true
    }

    /// All bytes in one buffer.
    var bytes: ByteBuffer { Self.joined(buffers) }

    static func joined(_ buffers: [ByteBuffer]) -> ByteBuffer {
        guard var bytes = buffers.first else { return ByteBuffer() }
        if buffers.count == 1 { return bytes }
        bytes.reserveCapacity(minimumWritableBytes: buffers.dropFirst().reduce(0) { $0 + $1.readableBytes })
        for buffer in buffers.dropFirst() { bytes.writeImmutableBuffer(buffer) }
        return bytes
    }

    /// Those that answer 400.
    private static let credentialErrors: Set<String> = [
        "AuthorizationHeaderMalformed", "ExpiredToken", "InvalidToken", "InvalidAccessKeyId", "SignatureDoesNotMatch",
    ]

    /// What an error means. The store's own words are in it, without what it quotes of the request.
    static func error(
        _ status: UInt, _ headers: HTTPHeaders, _ body: ByteBuffer, _ request: ObjectRequest
    ) -> ObjectStoreError {
        let element = try? XMLElement.parse(body.readableBytesView)
        let word = element?["Code"] ?? "status \(status)"
        let detail = "\(word)\(element?["Message"].map { ": \($0.prefix(200))" } ?? "")"
        if RetryPolicy.isTemporary(status) { return ObjectStoreError(.unavailable, detail) }
        switch status {
        case 404 where word == "NoSuchBucket" || request.key.isEmpty: return ObjectStoreError(.noBucket, detail)
        case 404: return ObjectStoreError(.notFound, "\(request.key): \(detail)")
        case 300..<400:
            let region = headers.first(name: "x-amz-bucket-region").map { "; the bucket is in \($0)" } ?? ""
            return ObjectStoreError(.refused, "the store sends requests elsewhere\(region)")
        // The store did not get the body in time.
        case 400 where word == "RequestTimeout": return ObjectStoreError(.unavailable, detail)
        case 400 where credentialErrors.contains(word): return ObjectStoreError(.refused, detail)
        // It is in an archive.
        case 403 where word == "InvalidObjectState": return ObjectStoreError(.rejected, "\(request.key): \(detail)")
        // An answer to HEAD has no words.
        case 403 where !request.key.isEmpty && (element == nil || word == "AccessDenied"):
            return ObjectStoreError(.refused, detail, mayBeOfOneObject: true)
        case 401, 403: return ObjectStoreError(.refused, detail)
        case 400..<500: return ObjectStoreError(.rejected, "\(request.key): \(detail)")
        default: return ObjectStoreError(.malformed, detail)
        }
    }
}

/// Bytes of an object.
public struct ObjectPart: Sendable {
    public let buffers: [ByteBuffer]
    /// Of the whole object, in bytes.
    public let totalSize: Int
    /// The store's name of this version of the object, where it has one that can be asked for.
    public let tag: String?

    public var size: Int { buffers.reduce(0) { $0 + $1.readableBytes } }

    public var bytes: ByteBuffer { ObjectAnswer.joined(buffers) }

    /// Nil where the answer does not fit the range that was asked for.
    init?(_ answer: ObjectAnswer, _ wanted: Range<Int>) {
        let size = answer.buffers.reduce(0) { $0 + $1.readableBytes }
        var headers = answer.headers
        // Of a whole object, the bytes themselves say how many they are.
        if answer.status != 206 { headers.replaceOrAdd(name: "content-length", value: String(size)) }
        guard let head = ObjectPartHead(status: answer.status, headers, wanted), head.size == size else { return nil }
        buffers = answer.buffers
        totalSize = head.totalSize
        tag = head.tag
    }
}
