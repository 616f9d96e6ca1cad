import ChatModel
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTPTypes

/// What a handler knows of a request beside the request itself.
struct RequestEnvironment: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// nil when no access token came with the request.
    var caller: Caller?
    private let channel: any Channel
    /// The other end of the TCP connection.
    let remoteAddress: SocketAddress?
    /// The client's address, behind trusted proxies.
    var client = ClientAddress.unknown
    /// Whether its sender speaks TLS, with this server or with a trusted proxy.
    var isSecure = false
    /// The port at which a browser finds the server, unless that is the scheme's own.
    var port: Int?
    /// The page that sent it.
    var page = OriginPolicy.Page.none

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
        remoteAddress = source.channel.remoteAddress
    }

    /// Sends an interim answer (RFC 9110, section 15.2), before the answer of the handler.
    func sendInterim(_ status: HTTPResponse.Status, _ headers: HTTPFields) {
        channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: status, headerFields: headers)), promise: nil)
    }

    /// - Throws: `unauthenticated` where nobody is signed in.
    var requiredCaller: Caller {
        get throws(ChatError) {
            guard let caller else { throw ChatError(.unauthenticated, "an access token is needed") }
            return caller
        }
    }

    /// An id in the path. A malformed one is answered like an unknown one.
    func id<Entity>(_ name: String = "id", of type: Entity.Type = Entity.self) -> ID<Entity> {
        parameters.get(name).flatMap { ID<Entity>($0) } ?? .unknown
    }
}

extension Request {
    /// The body, read from JSON.
    func json<Value: Decodable>(_ type: Value.Type = Value.self) async throws -> Value {
        try checkThatBodyIsJSON()
        return try JSON.parse(type, from: try await body.collect(upTo: JSON.maxBytes))
    }

    /// Bytes of JSON that the request may bring. Its head says how many; without a length it may bring the maximum.
    var announcedBody: Int {
        guard method == .post || method == .put || method == .patch else { return 0 }
        let announced = headers.announcedLength ?? (headers[.transferEncoding] == nil ? 0 : .max)
        return min(announced, JSON.maxBytes)
    }

    /// Like `json`, for a request that may have no body.
    func jsonIfAny<Value: Decodable>(_ type: Value.Type = Value.self) async throws -> Value? {
        let bytes = try await body.collect(upTo: JSON.maxBytes)
        guard bytes.readableBytes > 0 else { return nil }
        try checkThatBodyIsJSON()
        return try JSON.parse(type, from: bytes)
    }

    private func checkThatBodyIsJSON() throws(ChatError) {
        guard MediaType.mayBeJSON(headers) else {
            throw ChatError(.unsupportedMediaType, "Content-Type: application/json, and no Content-Encoding")
        }
    }

    /// The path as the router reads it: `//auth/register/` is `/auth/register`.
    var routePath: String { "/" + uri.path.split(separator: "/").joined(separator: "/") }

    /// In bytes: the longest search fits in, each of its characters escaped.
    static let maxQuery = 8192

    func queryItem(_ name: String) -> String? { uri.query.flatMap { QueryString($0)[name] } }

    /// A whole number of the query.
    /// - Throws: `malformed_request` for what is none, or below `minimum`.
    func queryInteger(_ name: String, minimum: Int = 0) throws(ChatError) -> Int? {
        guard let text = queryItem(name) else { return nil }
        guard let value = Int(text), value >= minimum else {
            throw ChatError(.malformedRequest, "\(name): a whole number from \(minimum)", field: name)
        }
        return value
    }

    /// The requested page size, clamped to `maximum`.
    func limit(default standard: Int, maximum: Int) throws(ChatError) -> Int {
        min(try queryInteger("limit", minimum: 1) ?? standard, maximum)
    }
}

extension Response {
    /// An answer in JSON. Nobody may store it: it is one caller's view.
    static func json(_ value: some JSONWritable, status: HTTPResponse.Status = .ok) -> Response {
        Response(
            status: status,
            headers: [.contentType: "application/json", .cacheControl: "no-store", .xContentTypeOptions: "nosniff"],
            body: .init(byteBuffer: value.json))
    }

    static let noContent = Response(status: .noContent)
}
