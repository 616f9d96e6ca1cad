import NIOHTTP1

/// Cross-origin access (the Fetch standard's CORS protocol) to the polling transport.
public enum CORSPolicy: Sendable {
    /// No CORS header is sent. A browser lets only the server's own origin read the answers.
    case sameOrigin
    /// Any origin, without credentials.
    case any
    /// The origins for which the closure returns true, with credentials. It gets the unchanged `Origin` field.
    case allowing(@Sendable (String) -> Bool)

    var answersPreflights: Bool {
        if case .sameOrigin = self { false } else { true }
    }
}

extension CORSPolicy {
    func headers(for request: HTTPHeaders, isPreflight: Bool) -> HTTPHeaders {
        var headers: HTTPHeaders = [:]
        switch self {
        case .sameOrigin: return [:]
        case .any: headers.add(name: "Access-Control-Allow-Origin", value: "*")
        case .allowing(let permits):
            headers.add(name: "Vary", value: "Origin")
            guard let origin = request.first(name: "Origin"), permits(origin) else { return headers }
            headers.add(name: "Access-Control-Allow-Origin", value: origin)
            headers.add(name: "Access-Control-Allow-Credentials", value: "true")
        }
        guard isPreflight else { return headers }
        // The reference server's list. Unsupported methods are refused when they come.
        headers.add(name: "Access-Control-Allow-Methods", value: "GET,HEAD,PUT,PATCH,POST,DELETE")
        if let requested = request.first(name: "Access-Control-Request-Headers") {
            headers.add(name: "Access-Control-Allow-Headers", value: requested)
        }
        headers.add(name: "Access-Control-Max-Age", value: "86400")
        return headers
    }
}
