import Foundation
import Testing

@testable import ObjectStorage

/// The expected signatures are botocore's (1.44.8): `S3SigV4Auth` and `S3SigV4QueryAuth`.
@Suite struct RequestSignatureTests {
    private static let signature = RequestSignature(
        accessKey: "AKIAEXAMPLE", secretKey: "secret/secret+secret", region: "eu-central-1")
    private static let time = SigningTime(Date(timeIntervalSince1970: 1_796_018_704))

    struct Case: CustomTestStringConvertible, Sendable {
        var method: String
        var path: String
        var query: [(name: String, value: String)] = []
        var headers: [(name: String, value: String)] = []
        var payload = SignableRequest.emptyPayload
        var signature: String

        var testDescription: String { "\(method) \(path) \(query.map(\.name))" }
    }

    static let cases = [
        Case(
            method: "GET", path: "/bucket/ab/cd/key.small.webp",
            signature: "0e0d33e048d2bb19f41e0c17b23abcb8e154e24d6f6ca2280c87c097313a85a1"),
        Case(
            method: "PUT", path: "/bucket/a key with spaces/ünï/日本/+~_-.!*'()&=@:$,;",
            headers: [("content-type", "application/xml")], payload: RequestSignature.hash("hello".utf8),
            signature: "a09fe2069c3fcb69e1f8bf4633282d13a8f221f2a62739e7eae5f41ecff5fe73"),
        Case(
            method: "GET", path: "/bucket",
            query: [
                ("list-type", "2"), ("prefix", "ab/cd ef/ü+&="), ("max-keys", "1000"),
                ("continuation-token", "1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM="),
            ],
            signature: "79af6e07d86e8dc2ced9706650218c33afa0c284617f2a9cc2a69516d0980f80"),
        Case(
            method: "POST", path: "/bucket/k", query: [("uploads", "")],
            signature: "f0a7aeec582cc38f81b7c765f1e478a2aa12c8efdf8c47834978179ca5a60966"),
        Case(
            method: "PUT", path: "/bucket/k", query: [("uploadId", "b~a/+="), ("partNumber", "10")],
            payload: SignableRequest.unsignedPayload,
            signature: "c2d32d4fc634ccd223b506b8b0e3bfcba94f7937383b5f0b31b8d448661a1fdd"),
        Case(
            method: "GET", path: "/bucket/k",
            query: [
                ("b", "2"), ("a", "2"), ("a", "1"), ("A", "x"), ("a-b", "1"), ("empty", ""), ("z z", "a b"),
            ],
            headers: [("range", "bytes=0-99"), ("x-amz-meta-x", "  a   b  ")],
            signature: "43b77a6304886ff2d34ec01480eb0f23079771b6604b9738afff764a308fc879"),
    ]

    /// The key that signatures are made with is remembered, for its day only.
    @Test func eachDayHasItsKey() {
        func signed(_ signature: RequestSignature, after days: Double) -> String? {
            let time = SigningTime(Date(timeIntervalSince1970: 1_796_018_704 + days * 86_400))
            let request = SignableRequest(
                method: "GET", path: "/bucket/k", headers: [("host", "s3.example.org")],
                payloadHash: SignableRequest.emptyPayload)
            return signature.signed(request, at: time).first { $0.name == "authorization" }?.value
        }
        let kept = RequestSignature(accessKey: "AKIAEXAMPLE", secretKey: "secret", region: "eu-central-1")
        for days in [0, 1, 0, 400] as [Double] {
            let new = RequestSignature(accessKey: "AKIAEXAMPLE", secretKey: "secret", region: "eu-central-1")
            #expect(signed(kept, after: days) == signed(new, after: days))
        }
    }

    @Test(arguments: cases)
    func signsAsBotocoreDoes(_ one: Case) throws {
        let request = SignableRequest(
            method: one.method, path: one.path, query: one.query,
            headers: [("host", "s3.example.org:8333")] + one.headers, payloadHash: one.payload)
        let signed = Self.signature.signed(request, at: Self.time)
        let authorization = try #require(signed.first { $0.name == "authorization" }?.value)
        #expect(authorization.hasSuffix("Signature=\(one.signature)"), "\(authorization)")
        #expect(
            authorization.hasPrefix(
                "AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/20261130/eu-central-1/s3/aws4_request, SignedHeaders="))
        #expect(signed.contains { $0.name == "x-amz-date" && $0.value == "20261130T060504Z" })
    }

    @Test func presignsAsBotocoreDoes() throws {
        let request = SignableRequest(
            method: "GET", path: "/bucket/ab/k.webp",
            query: [
                ("response-content-type", "image/webp"),
                ("response-content-disposition", "attachment; filename=\"ü _.txt\"; filename*=UTF-8''%C3%BC"),
            ],
            headers: [("host", "s3.example.org:8333")], payloadHash: "")
        let presigned = Self.signature.presigned(request, at: Self.time, seconds: 60)
        #expect(
            presigned.target.contains(
                "X-Amz-Signature=89a61d26fa4d135af88a8d9506d3ff59c9a36c9c1119f2e4dcbe6becfe8259e5"),
            "\(presigned.target)")
        #expect(presigned.target.contains("X-Amz-Expires=60"))
    }

    /// What is sent must be what was signed: `?uploads` alone is signed with an empty value.
    @Test func theTargetIsTheSignedOne() {
        let request = SignableRequest(
            method: "POST", path: "/b/a b", query: [("z", ""), ("a", "ü")], headers: [], payloadHash: "")
        #expect(request.target == "/b/a%20b?a=%C3%BC&z=")
    }
}
