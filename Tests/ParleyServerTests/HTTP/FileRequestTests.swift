import HTTPTypes
import Testing

@testable import ParleyServer

/// RFC 9110, sections 13 and 14 on a file of 100 bytes with the validator `"tag"`.
@Suite struct FileRequestTests {
    private func request(_ headers: HTTPFields, size: Int = 100) -> FileRequest {
        FileRequest(headers: headers, size: size, etag: "tag")
    }

    @Test(arguments: [
        ("bytes=0-0", FileRequest.range(0..<1)), ("bytes=0-99", .range(0..<100)), ("bytes=50-", .range(50..<100)),
        ("bytes=-1", .range(99..<100)), ("bytes=-1000", .range(0..<100)), ("BYTES=5-1000", .range(5..<100)),
        ("bytes=0-9223372036854775807", .range(0..<100)), ("bytes=0-99999999999999999999", .range(0..<100)),
        ("bytes=100-", .notSatisfiable), ("bytes=99999999999999999999-", .notSatisfiable),
        ("bytes=-0", .notSatisfiable),
        ("bytes=2-1", .whole), ("bytes=-", .whole), ("bytes=", .whole), ("bytes=0-1,3-4", .whole),
        ("lines=0-1", .whole),
        ("bytes=+1-2", .whole), ("bytes=1--2", .whole), ("bytes=a-b", .whole), ("", .whole),
    ])
    func ranges(header: String, expected: FileRequest) {
        #expect(request([.range: header]) == expected)
    }

    @Test func rangesAreForGetAlone() {
        #expect(FileRequest(.head, headers: [.range: "bytes=0-9"], size: 100, etag: "tag") == .whole)
        #expect(FileRequest(.head, headers: [.range: "bytes=500-"], size: 100, etag: "tag") == .whole)
        #expect(FileRequest(.head, headers: [.ifNoneMatch: "\"tag\""], size: 100, etag: "tag") == .notModified)
    }

    @Test func anotherVersionThanTheNamedOneIsRefused() {
        #expect(request([.ifMatch: "\"tag\""]) == .whole)
        #expect(request([.ifMatch: "*", .range: "bytes=0-0"]) == .range(0..<1))
        #expect(request([.ifMatch: "\"a\", W/\"tag\"", .ifNoneMatch: "\"tag\""]) == .preconditionFailed)
    }

    @Test func anEmptyFileHasNoRange() {
        #expect(request([.range: "bytes=0-"], size: 0) == .notSatisfiable)
        #expect(request([.range: "bytes=-5"], size: 0) == .notSatisfiable)
        #expect(request([:], size: 0) == .whole)
    }

    @Test(arguments: ["\"tag\"", "*", "W/\"tag\"", "\"a\", \"tag\"", " \"tag\" "])
    func theSameVersionIsNotSentAgain(header: String) {
        #expect(request([.ifNoneMatch: header]) == .notModified)
        #expect(request([.ifNoneMatch: header, .range: "bytes=0-1"]) == .notModified)
    }

    @Test func anotherVersionIsSentWhole() {
        #expect(request([.ifNoneMatch: "\"other\""]) == .whole)
        #expect(request([.ifRange: "\"tag\"", .range: "bytes=0-1"]) == .range(0..<2))
        for condition in ["\"other\"", "W/\"tag\"", "Sat, 01 Jan 2000 00:00:00 GMT"] {
            #expect(request([.ifRange: condition, .range: "bytes=0-1"]) == .whole)
        }
    }
}
