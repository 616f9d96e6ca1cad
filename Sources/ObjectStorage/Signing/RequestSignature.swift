internal import Crypto
internal import Foundation
internal import Synchronization

/// What is signed of a request. Its target is made of the same encoded texts, so that what is sent is what was signed.
struct SignableRequest: Sendable {
    var method: String
    /// Not encoded, with the first slash.
    var path: String
    /// Not encoded. A name without a value is signed, and sent, with an empty one.
    var query: [(name: String, value: String)] = []
    /// Those that are signed, `host` among them. The names are in lower case.
    var headers: [(name: String, value: String)]
    /// The SHA-256 of the body in hexadecimal, or `unsignedPayload`.
    var payloadHash: String

    static let unsignedPayload = "UNSIGNED-PAYLOAD"
    static let emptyPayload = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    var encodedPath: String { URICoding.encode(path, keepingSlashes: true) }

    /// Sorted by the encoded names, and equal names by the encoded values.
    var encodedQuery: String {
        query.map { (URICoding.encode($0.name), URICoding.encode($0.value)) }
            .sorted { ($0.0, $0.1) < ($1.0, $1.1) }
            .map { "\($0.0)=\($0.1)" }.joined(separator: "&")
    }

    /// The path and the query of the request line.
    var target: String { query.isEmpty ? encodedPath : "\(encodedPath)?\(encodedQuery)" }

    fileprivate var sortedHeaders: [(name: String, value: String)] {
        headers.sorted { $0.name < $1.name }.map { ($0.name, Self.collapsed($0.value)) }
    }

    fileprivate var signedHeaders: String { sortedHeaders.map(\.name).joined(separator: ";") }

    var canonical: String {
        let headers = sortedHeaders.map { "\($0.name):\($0.value)\n" }.joined()
        return "\(method)\n\(encodedPath)\n\(encodedQuery)\n\(headers)\n\(signedHeaders)\n\(payloadHash)"
    }

    /// Without spaces at the ends, and with one where there are several.
    private static func collapsed(_ value: String) -> String {
        value.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
    }
}

/// Signs requests to S3 by AWS Signature Version 4. The time is passed in.
struct RequestSignature: Sendable {
    let accessKey: String
    let region: String
    private let key: SigningKey

    init(accessKey: String, secretKey: String, region: String) {
        self.accessKey = accessKey
        self.region = region
        key = SigningKey(secretKey: secretKey, region: region)
    }

    private static let algorithm = "AWS4-HMAC-SHA256"

    /// The header fields to send: those of the request, and those that make it a signed one.
    func signed(_ request: SignableRequest, at time: SigningTime) -> [(name: String, value: String)] {
        var request = request
        request.headers += [("x-amz-content-sha256", request.payloadHash), ("x-amz-date", time.text)]
        let credential = "\(accessKey)/\(scope(time))"
        let authorization =
            "\(Self.algorithm) Credential=\(credential), SignedHeaders=\(request.signedHeaders), "
            + "Signature=\(signature(of: request, at: time))"
        return request.headers + [("authorization", authorization)]
    }

    /// The request with a signature in its query. Whoever has this address can use it until it expires.
    /// - Parameter request: With `host` as its only header field.
    func presigned(_ request: SignableRequest, at time: SigningTime, seconds: Int) -> SignableRequest {
        var request = request
        request.payloadHash = SignableRequest.unsignedPayload
        request.query += [
            ("X-Amz-Algorithm", Self.algorithm), ("X-Amz-Credential", "\(accessKey)/\(scope(time))"),
            ("X-Amz-Date", time.text), ("X-Amz-Expires", String(seconds)),
            ("X-Amz-SignedHeaders", request.signedHeaders),
        ]
        request.query.append(("X-Amz-Signature", signature(of: request, at: time)))
        return request
    }

    private func scope(_ time: SigningTime) -> String { "\(time.day)/\(region)/s3/aws4_request" }

    private func signature(of request: SignableRequest, at time: SigningTime) -> String {
        let digest = Self.hex(SHA256.hash(data: Data(request.canonical.utf8)))
        let text = "\(Self.algorithm)\n\(time.text)\n\(scope(time))\n\(digest)"
        return Self.hex(HMAC<SHA256>.authenticationCode(for: Data(text.utf8), using: key.of(day: time.day)))
    }

    /// The SHA-256 of a body, as `SignableRequest` wants it.
    static func hash(_ body: some Sequence<UInt8>) -> String { hex(SHA256.hash(data: Data(body))) }

    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        let bytes = Array(bytes)
        return String(unsafeUninitializedCapacity: 2 * bytes.count) { text in
            var length = 0
            for byte in bytes {
                text[length] = digits[Int(byte >> 4)]
                text[length + 1] = digits[Int(byte & 15)]
                length += 2
            }
            return length
        }
    }

    private static let digits = Array("0123456789abcdef".utf8)
}

/// The key that signatures are made with. It holds for a day, so it is remembered.
private final class SigningKey: Sendable {
    private let secretKey: String
    private let region: String
    private let latest = Mutex<(day: String, key: SymmetricKey)?>(nil)

    init(secretKey: String, region: String) {
        self.secretKey = secretKey
        self.region = region
    }

    /// - Parameter day: As signatures write it, in UTC.
    func of(day: String) -> SymmetricKey {
        latest.withLock { latest in
            if let latest, latest.day == day { return latest.key }
            let key = derived(for: day)
            latest = (day, key)
            return key
        }
    }

    private func derived(for day: String) -> SymmetricKey {
        [day, region, "s3", "aws4_request"].reduce(SymmetricKey(data: Data("AWS4\(secretKey)".utf8))) { key, part in
            SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Data(part.utf8), using: key))
        }
    }
}
