import HTTPTypes
import NIOCore
import NIOHTTP1

/// Writes the HTTP answers of an Engine.IO server, each with the fields that the CORS policy asks for.
struct PollingResponses: Sendable {
    let cors: CORSPolicy

    /// Answers a preflight (the Fetch standard's "CORS-preflight request").
    func allow(_ exchange: HTTPExchange) {
        exchange.respond(.init(status: .noContent, headers: headers(exchange, isPreflight: true)))
    }

    /// Answers a poll.
    ///
    /// - Parameter written: Completed when the kernel has the answer, or fails.
    func send(_ packets: [EncodedPacket], to exchange: HTTPExchange, written: EventLoopPromise<Void>) {
        let body = PollingPayload.encode(packets)
        respond(exchange, type: "text/plain; charset=UTF-8", body: body, written: written)
    }

    /// Answers a post.
    func acknowledge(_ exchange: HTTPExchange) {
        // The type is the reference server's: some browsers offer `text/plain` as a download.
        respond(exchange, type: "text/html", body: ByteBuffer(string: "ok"))
    }

    func refuse(_ exchange: HTTPExchange, _ error: RequestError) {
        var headers = headers(exchange)
        headers.add(name: "Content-Type", value: "application/json")
        if error == .overloaded { headers.add(name: "Retry-After", value: "5") }
        if case .forbidden(let refusal) = error {
            for field in refusal.headers { headers.add(name: field.name.rawName, value: field.value) }
        }
        let status = HTTPResponseStatus(statusCode: error.status.code, reasonPhrase: error.status.reasonPhrase)
        exchange.respond(.init(status: status, headers: headers, body: error.body))
    }

    func headers(_ exchange: HTTPExchange, isPreflight: Bool = false) -> HTTPHeaders {
        cors.headers(for: exchange.head.headers, isPreflight: isPreflight)
    }

    private func respond(
        _ exchange: HTTPExchange, type: String, body: ByteBuffer, written: EventLoopPromise<Void>? = nil
    ) {
        var headers = headers(exchange)
        headers.add(name: "Content-Type", value: type)
        headers.add(name: "Cache-Control", value: "no-store")
        exchange.respond(.init(status: .ok, headers: headers, body: body, written: written))
    }
}
