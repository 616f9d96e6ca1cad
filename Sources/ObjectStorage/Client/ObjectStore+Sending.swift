internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1

/// Requests on their way to the store.
extension ObjectStore {
    func send(_ request: ObjectRequest, within limit: Duration) async throws -> ObjectAnswer {
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
        if let source = request.source { made.body = .stream(source.chunks, length: .known(Int64(source.size))) }
        do {
            return try await http.execute(made, deadline: .now() + limit.amount)
        } catch let early as EarlyAnswer {
            throw ObjectAnswer.error(early.status, early.headers, early.body, request)
        }
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
