internal import NIOHTTP1

/// One request to the bucket, or to an object in it.
struct ObjectRequest: Sendable {
    var method: HTTPMethod
    /// Empty for the bucket itself.
    var key: String
    var query: [(name: String, value: String)] = []
    /// Those that are signed. The names are in lower case.
    var headers: [(name: String, value: String)] = []
    var source: ObjectSource?
    var payloadHash: String
    /// How many bytes of an answer are taken. One with more makes no sense.
    var maxBytes: Int
    /// Whether the server can work without it: then a refusal says nothing of the store.
    var isOptional: Bool

    /// Of an answer that says what went wrong.
    static let maxErrorBytes = 64 * 1024

    init(
        _ method: HTTPMethod, key: String, source: ObjectSource? = nil,
        payloadHash: String = SignableRequest.emptyPayload, maxBytes: Int = 0
    ) {
        self.method = method
        self.key = key
        self.source = source
        self.payloadHash = payloadHash
        self.maxBytes = maxBytes
        // One object that may not be deleted may be locked.
        isOptional = method == .DELETE
    }

    /// For a part of an object.
    /// - Parameter tag: If it is known: of another version of the object, nothing comes.
    init(_ key: String, _ range: Range<Int>, tag: String?, maxBytes: Int) {
        self.init(.GET, key: key, maxBytes: maxBytes)
        headers = [("range", "bytes=\(range.lowerBound)-\(range.upperBound - 1)")]
        if let tag { headers.append(("if-match", tag)) }
    }

    /// How long one attempt may take: half a minute, and the time that its bytes take at 100 kB a second.
    var patience: Duration { .seconds(30 + ((source?.size ?? 0) + maxBytes) / 100_000) }
}
