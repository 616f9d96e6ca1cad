import HTTPTypes
import Testing

@testable import ParleyServer

@Suite struct MediaTypeTests {
    @Test(arguments: [
        "application/json", "Application/JSON; charset=utf-8", "text/json", "application/problem+json", "",
        "application/x-www-form-urlencoded", "application/merge-patch+json ; x=y",
    ])
    func bodiesThatMayBeJSON(type: String) { #expect(MediaType.mayBeJSON([.contentType: type])) }

    @Test(arguments: [
        "text/plain", "text/html", "multipart/form-data", "application/jsonp", "image/svg+json",
        "application/xml, application/x+json",
    ])
    func bodiesThatAreNot(type: String) { #expect(!MediaType.mayBeJSON([.contentType: type])) }

    @Test func aBodyWithoutATypeMayBeJSONAndACompressedOneMayNot() {
        #expect(MediaType.mayBeJSON([:]))
        #expect(MediaType.mayBeJSON([.contentEncoding: "Identity"]))
        #expect(!MediaType.mayBeJSON([.contentEncoding: "gzip", .contentType: "application/json"]))
    }
}
