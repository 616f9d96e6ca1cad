import HTTPTypes

/// A method of a path, and the operation that it stands for.
struct Route: Sendable {
    let method: HTTPRequest.Method
    /// As the router reads it: `/users/:id`.
    let path: String
    let operation: APIOperation
    /// The operation of a request with `X-HTTP-Method-Override`, where that is another one.
    var overridden: APIOperation?
}
