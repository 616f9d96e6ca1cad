import Chat
import ChatModel
import Foundation
import HTTPTypes
import Testing

@testable import ParleyServer

@Suite struct TusHeadersTests {
    private func isMalformed(_ body: () throws -> Void) -> Bool {
        do {
            try body()
            return false
        } catch {
            return (error as? ChatError)?.code == .malformedRequest
        }
    }

    @Test func metadataAreKeysWithValuesInBase64() throws {
        #expect(
            try TusHeaders.metadata("filename d29ybGQudHh0, flag,other ") == [
                "filename": "world.txt", "flag": "", "other": "",
            ])
        #expect(try TusHeaders.metadata("") == [:])
        #expect(try TusHeaders.metadata(",, ,") == [:])
        #expect(try TusHeaders.metadata("filename //8=") == ["filename": "\u{FFFD}\u{FFFD}"])
        #expect(isMalformed { _ = try TusHeaders.metadata("filename not*base64") })
        #expect(isMalformed { _ = try TusHeaders.metadata("filename YQ== extra") })
    }

    @Test func longMetadataAreRefusedAndLongKeysIgnored() throws {
        let key = String(repeating: "k", count: 65)
        #expect(try TusHeaders.metadata("\(key) YQ==,a YQ==") == ["a": "a"])
        let longest = "a " + String(repeating: "QUFB", count: 4095)
        #expect(try TusHeaders.metadata(longest)["a"]?.count == 3 * 4095)
        #expect(isMalformed { _ = try TusHeaders.metadata(longest + "QUFB") })
    }

    @Test func countsAreWholeNumbers() throws {
        #expect(try TusHeaders.count(.uploadOffset, in: [.uploadOffset: "0"]) == 0)
        #expect(try TusHeaders.count(.uploadOffset, in: [.uploadOffset: "0012"]) == 12)
        #expect(try TusHeaders.count(.uploadOffset, in: [:]) == nil)
        for text in ["", "-1", "+1", "1.0", "0x1", "٣", "99999999999999999999"] {
            #expect(isMalformed { _ = try TusHeaders.count(.uploadOffset, in: [.uploadOffset: text]) }, "\(text)")
        }
    }

    @Test func checksumsNameAnAlgorithmAndADigest() throws {
        let digest = Data(base64Encoded: "Kq5sNclPz7QV2+lfQIuc6R7oRu0=") ?? Data()
        #expect(try TusHeaders.checksum("SHA1 Kq5sNclPz7QV2+lfQIuc6R7oRu0=") == PieceChecksum(.sha1, digest: digest))
        for text in ["", "sha1", "crc32 AAAA", "sha1 not*base64", "sha1 AAAA AAAA"] {
            #expect(isMalformed { _ = try TusHeaders.checksum(text) }, "\(text)")
        }
        #expect(TusHeaders.checksumAlgorithms == "sha1,sha256,md5")
    }

    @Test func aRequestBringsBytesByItsType() {
        #expect(TusHeaders.bringsBytes([.contentType: "Application/Offset+octet-stream"]))
        #expect(!TusHeaders.bringsBytes([.contentType: "application/octet-stream"]))
        #expect(!TusHeaders.bringsBytes([:]))
    }

    @Test func datesAreHTTPDates() {
        #expect(TusHeaders.date(Date(timeIntervalSince1970: 784_111_777)) == "Sun, 06 Nov 1994 08:49:37 GMT")
        #expect(TusHeaders.date(Date(timeIntervalSince1970: 0)) == "Thu, 01 Jan 1970 00:00:00 GMT")
    }

    @Test func theLengthIsSaidOrDeferred() throws {
        #expect(try TusHeaders.length([.uploadLength: "5"]) == 5)
        #expect(try TusHeaders.length([.uploadDeferLength: "1"]) == nil)
        for headers: HTTPFields in [
            [:], [.uploadDeferLength: "0"], [.uploadDeferLength: "true"],
            [.uploadLength: "5", .uploadDeferLength: "1"],
        ] {
            #expect(isMalformed { _ = try TusHeaders.length(headers) }, "\(headers)")
        }
    }

    @Test func concatenationsNameUploads() throws {
        let (a, b) = (UploadID.make(), UploadID.make())
        #expect(try TusHeaders.concat("partial") == .partial)
        #expect(try TusHeaders.concat("final;/upload/\(a)") == .final([a]))
        #expect(
            try TusHeaders.concat("final; https://chat.example/upload/\(b)  /upload/\(a)") == .final([b, a]))
        let below = try #require(BasePath("/chat"))
        #expect(
            try TusHeaders.concat("final;/chat/upload/\(a) http://a/chat/upload/\(b)", below: below) == .final([a, b]))
        for text in [
            "", "Partial", "final", "final;/chat/upload/\(a)", "final;", "final; ", "final;/upload/x",
            "final;/files/\(a)", "final;\(a)",
            "final;/upload/\(a),/upload/\(b)", "partial;/upload/\(a)",
            "final;" + String(repeating: "/upload/\(a) ", count: 400),
        ] {
            #expect(isMalformed { _ = try TusHeaders.concat(text) }, "\(text.prefix(80))")
        }
    }
}
