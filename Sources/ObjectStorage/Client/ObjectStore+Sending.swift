internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1

/// Requests on their way to the store.
extension ObjectStore {
    func send(_ request: ObjectRequest, within limit: Duration) async throws -> ObjectAnswer {
        if let source = request.source, source.size > ObjectSource.chunkSize {
            return try await send(request, source, within: limit)
        }
        let end = ContinuousClock.now + limit
        let response = try await execute(request, within: limit)
        return try await ObjectAnswer(response, to: request, until: end)
    }

    /// The answer's head; its body is still to come.
    func execute(_ request: ObjectRequest, within limit: Duration) async throws -> HTTPClientResponse {
        let (address, headers) = signed(request)
        var made = HTTPClientRequest(url: address)
        made.method = request.method
        made.headers = headers
        if let source = request.source { made.body = .bytes(try await source.whole()) }
        return try await http.execute(made, deadline: .now() + limit.amount)
    }

    /// Sends many bytes: each chunk is read when the socket has taken the one before.
    ///
    /// The request, its connection and the chunks are on one event loop, so that a chunk is with the socket before the next one
    /// is asked for. With the other interface chunks pile up in memory while the connection's loop is at something else.
    private func send(
        _ request: ObjectRequest, _ source: ObjectSource, within limit: Duration
    ) async throws -> ObjectAnswer {
        let loop = http.eventLoopGroup.any()
        let (address, headers) = signed(request)
        let body = HTTPClient.Body.stream(contentLength: Int64(source.size)) { writer in
            loop.makeFutureWithTask {
                for try await chunk in source.chunks { try await writer.write(.byteBuffer(chunk)).get() }
            }
        }
        let made = try HTTPClient.Request(url: address, method: request.method, headers: headers, body: body)
        let taker = ResponseAccumulator(request: made, maxBodySize: max(request.maxBytes, ObjectRequest.maxErrorBytes))
        let task = http.execute(
            request: made, delegate: taker, eventLoop: .delegateAndChannel(on: loop), deadline: .now() + limit.amount)
        let response = try await withTaskCancellationHandler {
            try await task.futureResult.get()
        } onCancel: {
            task.cancel()
        }
        let answer = ObjectAnswer(
            status: response.status.code, headers: response.headers, buffers: response.body.map { [$0] } ?? [])
        try answer.check(response.body?.readableBytes ?? 0, of: request)
        return answer
    }

    private func signed(_ request: ObjectRequest) -> (address: String, headers: HTTPHeaders) {
        let signable = SignableRequest(
            method: request.method.rawValue, path: configuration.path(of: request.key), query: request.query,
            headers: [("host", configuration.authority)] + request.headers, payloadHash: request.payloadHash)
        let fields = configuration.signature.signed(signable, at: SigningTime(Date()))
        return (configuration.origin + signable.target, HTTPHeaders(fields))
    }
}

extension Duration {
    fileprivate var amount: TimeAmount { .nanoseconds(Int64(self / .nanoseconds(1))) }
}
