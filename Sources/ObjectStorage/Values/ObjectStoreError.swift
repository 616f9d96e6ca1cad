/// What can go wrong between the server and its object store.
public struct ObjectStoreError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Code: String, Sendable {
        /// There is no such object or upload.
        case notFound
        /// There is no such bucket.
        case noBucket
        /// The store does not accept the key or the signature, or wants to be asked elsewhere: it would refuse every request.
        case refused
        /// The store does not accept this one request.
        case rejected
        /// The store does not answer, or says that it cannot work now. Trying again may help.
        case unavailable
        /// The answer makes no sense.
        case malformed
    }

    /// Whether the store can be used as it is set up, although this request failed.
    var isOfOneRequest: Bool { [.notFound, .rejected, .malformed].contains(code) }

    public let code: Code
    /// For the log. Never holds a secret.
    public let detail: String
    /// Whether what is refused may be this one object, and not the server: an object that is missing is refused to a key that
    /// may not list the bucket.
    let mayBeOfOneObject: Bool

    public init(_ code: Code, _ detail: String) { self.init(code, detail, mayBeOfOneObject: false) }

    init(_ code: Code, _ detail: String, mayBeOfOneObject: Bool) {
        self.code = code
        self.detail = detail
        self.mayBeOfOneObject = mayBeOfOneObject
    }

    public var description: String { detail }
}
