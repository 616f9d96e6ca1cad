import NIOCore
import NIOHTTP1
import Testing

@testable import ObjectStorage

@Suite struct ObjectAnswerTests {
    private func part(_ status: UInt, _ contentRange: String?, bytes: Int, _ wanted: Range<Int>) -> ObjectPart? {
        var headers = HTTPHeaders()
        if let contentRange { headers.add(name: "Content-Range", value: contentRange) }
        return ObjectPart(
            ObjectAnswer(
                status: status, headers: headers, buffers: [ByteBuffer(repeating: 1, count: bytes)]), wanted)
    }

    @Test func aPartFitsItsRange() {
        #expect(part(206, "bytes 10-19/100", bytes: 10, 10..<20)?.totalSize == 100)
        #expect(part(206, "bytes 90-99/100", bytes: 10, 90..<200)?.size == 10, "the end comes first")
        #expect(part(200, nil, bytes: 5, 0..<10)?.totalSize == 5)
    }

    /// Bytes of another place must never be served as those that were asked for.
    @Test func whatDoesNotFitIsNone() {
        #expect(part(206, "bytes 0-9/100", bytes: 10, 10..<20) == nil)
        #expect(part(206, "bytes 10-19/100", bytes: 9, 10..<20) == nil)
        #expect(part(206, nil, bytes: 10, 10..<20) == nil)
        #expect(part(206, "bytes */100", bytes: 0, 10..<20) == nil)
        #expect(part(200, nil, bytes: 20, 10..<20) == nil)
    }

    private func error(
        _ status: UInt, _ body: String, headers: HTTPHeaders = [:], key: String = "k"
    ) -> ObjectStoreError {
        ObjectAnswer.error(status, headers, ByteBuffer(string: body), ObjectRequest(.GET, key: key))
    }

    /// A bucket that is gone, or a key that is refused, is no missing object: files would be taken for lost.
    @Test func faultsOfTheStoreAreNotThoseOfAnObject() {
        #expect(error(404, "<Error><Code>NoSuchBucket</Code></Error>").code == .noBucket)
        #expect(error(404, "", key: "").code == .noBucket)
        #expect(error(404, "").code == .notFound)
        for (status, word) in [(401, ""), (403, "AccessDenied"), (301, "PermanentRedirect"), (400, "ExpiredToken")] {
            let refused = error(UInt(status), "<Error><Code>\(word)</Code></Error>")
            #expect(refused.code == .refused && !refused.isOfOneRequest)
        }
        for (status, word) in [(416, "InvalidRange"), (400, "BadDigest"), (412, ""), (403, "InvalidObjectState")] {
            let rejected = error(UInt(status), "<Error><Code>\(word)</Code></Error>")
            #expect(rejected.code == .rejected && rejected.isOfOneRequest)
        }
    }

    /// Missing objects are refused to a key that may not list the bucket. An answer to HEAD has no words.
    @Test func whatMayBeRefusedForOneObject() {
        let denied = "<Error><Code>AccessDenied</Code></Error>"
        #expect(error(403, denied).mayBeOfOneObject && error(403, "").mayBeOfOneObject)
        #expect(!error(403, denied, key: "").mayBeOfOneObject && !error(401, denied).mayBeOfOneObject)
        for word in ["SignatureDoesNotMatch", "InvalidAccessKeyId", "RequestTimeTooSkewed"] {
            let refused = error(403, "<Error><Code>\(word)</Code></Error>")
            #expect(refused.code == .refused && !refused.mayBeOfOneObject)
        }
    }

    @Test func whatIsShorterThanAnnouncedIsCut() {
        #expect(ObjectAnswer.isWhole(5, ["content-length": "5"]) && ObjectAnswer.isWhole(5, [:]))
        #expect(!ObjectAnswer.isWhole(4, ["content-length": "5"]))
    }

    @Test func errorsAreToldApart() {
        #expect(error(404, "<Error><Code>NoSuchKey</Code></Error>").code == .notFound)
        #expect(error(503, "").code == .unavailable)
        #expect(error(400, "<Error><Code>RequestTimeout</Code></Error>").code == .unavailable)
        #expect(
            error(403, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>").description
                == "AccessDenied: no")
        #expect(error(301, "", headers: ["x-amz-bucket-region": "eu-west-1"]).description.contains("eu-west-1"))
        #expect(error(200, "garbage <").code == .malformed)
    }

    /// A store quotes what was signed. It is not for the log.
    @Test func whatAStoreQuotesIsLeftOut() {
        let quoting = error(
            403,
            """
            <Error><Code>SignatureDoesNotMatch</Code><Message>wrong</Message><StringToSign>AWS4 quoted</StringToSign>\
            <AWSAccessKeyId>KEY</AWSAccessKeyId></Error>
            """)
        #expect(quoting.code == .refused && quoting.description == "SignatureDoesNotMatch: wrong")
    }
}
