internal import Foundation

/// Which store, which bucket in it, and who asks. Has no description, so that no log shows its secret.
public struct ObjectStoreConfiguration: Sendable {
    /// Where the store listens.
    struct Endpoint: Sendable, Equatable {
        var scheme: String
        /// Of an IPv6 address with its brackets.
        var host: String
        /// nil: the scheme's.
        var port: Int?

        var authority: String { port.map { "\(host):\($0)" } ?? host }
    }

    let endpoint: Endpoint
    public let bucket: String
    let signature: RequestSignature
    /// Whether the bucket is the beginning of the path. Otherwise it is the beginning of the host's name.
    let usesPaths: Bool

    /// Why a store cannot be used as it is named.
    public struct Invalid: Error, Equatable {
        public enum Part: Sendable { case endpoint, bucket, region, accessKey, secretKey }
        public let part: Part
        public let reason: String
    }

    /// - Parameter endpoint: `https://s3.example.org`, with a port if need be, and without a path.
    public init(
        endpoint: String, bucket: String, region: String, accessKey: String, secretKey: String, usesPaths: Bool
    ) throws(Invalid) {
        guard let parsed = Self.endpoint(endpoint) else {
            throw Invalid(part: .endpoint, reason: "no address like https://s3.example.org:8333")
        }
        self.endpoint = parsed
        guard Self.isBucket(bucket) else {
            throw Invalid(part: .bucket, reason: "3 to 63 lower-case letters, digits, dots and hyphens")
        }
        guard !region.isEmpty, region.utf8.allSatisfy(Self.isPlain) else {
            throw Invalid(part: .region, reason: "letters, digits and hyphens")
        }
        for (key, part) in [(accessKey, Invalid.Part.accessKey), (secretKey, .secretKey)] {
            guard !key.isEmpty, key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw Invalid(part: part, reason: "printable characters without spaces")
            }
        }
        self.bucket = bucket
        signature = RequestSignature(accessKey: accessKey, secretKey: secretKey, region: region)
        self.usesPaths = usesPaths
    }

    /// The store and its bucket, for messages.
    public var name: String { "\(bucket) at \(endpoint.scheme)://\(endpoint.authority)" }

    /// `https://bucket.s3.example.org`, or `https://s3.example.org/bucket/`: what pages may load, as a policy names it. A
    /// browser that was sent here by a redirect looks at the host only (CSP 3, section 7.6).
    public var policySource: String { usesPaths ? "\(origin)/\(bucket)/" : origin }

    var origin: String { "\(endpoint.scheme)://\(authority)" }

    /// Of requests to the bucket.
    var authority: String { usesPaths ? endpoint.authority : "\(bucket).\(endpoint.authority)" }

    func path(of key: String) -> String { usesPaths ? "/\(bucket)\(key.isEmpty ? "" : "/\(key)")" : "/\(key)" }

    private static func endpoint(_ text: String) -> Endpoint? {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }), let parts = URLComponents(string: text),
            let scheme = parts.scheme?.lowercased(), ["http", "https"].contains(scheme),
            let host = parts.percentEncodedHost?.lowercased(), !host.isEmpty, !host.contains("%"),
            parts.user == nil, parts.password == nil, ["", "/"].contains(parts.path), parts.query == nil,
            parts.fragment == nil
        else { return nil }
        let port = parts.port == (scheme == "https" ? 443 : 80) ? nil : parts.port
        guard port.map((1...65535).contains) ?? true else { return nil }
        return Endpoint(scheme: scheme, host: host, port: port)
    }

    private static func isBucket(_ name: String) -> Bool {
        guard (3...63).contains(name.utf8.count), let first = name.utf8.first, first != UInt8(ascii: ".") else {
            return false
        }
        return !name.contains("..") && name.utf8.allSatisfy { isPlain($0) || $0 == UInt8(ascii: ".") }
            && name == name.lowercased()
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
