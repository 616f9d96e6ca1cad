import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import NIOEmbedded

@testable import ParleyServer

/// A request without a connection.
func request(_ method: HTTPRequest.Method = .get, _ path: String = "/", _ headers: HTTPFields = [:]) -> Request {
    Request(
        head: HTTPRequest(method: method, scheme: "http", authority: "chat.example", path: path, headerFields: headers),
        body: RequestBody(buffer: ByteBuffer()))
}

/// What the server knows of such a request.
func environment(
    port: Int? = nil, isSecure: Bool = false, page: OriginPolicy.Page = .none
) -> RequestEnvironment {
    let silent = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
    var environment = RequestEnvironment(
        source: ApplicationRequestContextSource(channel: EmbeddedChannel(), logger: silent))
    environment.port = port
    environment.isSecure = isSecure
    environment.page = page
    return environment
}

extension Response {
    /// The cookies that it sets, each up to its first attribute, as a browser sends them back.
    var cookies: HTTPFields {
        var fields = HTTPFields()
        let pairs = headers[values: .setCookie].map { String($0.prefix { $0 != ";" }) }
        if !pairs.isEmpty { fields[.cookie] = pairs.joined(separator: "; ") }
        return fields
    }
}
