import ChatModel
import HTTPTypes
import Testing

@testable import ParleyServer

@Suite struct DraftHeadersTests {
    private func headers(_ version: Int, _ more: HTTPFields = [:]) -> HTTPFields {
        var headers = more
        headers[.uploadDraftInteropVersion] = String(version)
        return headers
    }

    private func draft(_ version: Int) throws -> DraftHeaders { try #require(DraftHeaders(headers(version))) }

    @Test func onlyKnownVersionsCount() throws {
        #expect(DraftHeaders([:]) == nil)
        for version in DraftHeaders.versions { #expect(DraftHeaders(headers(version))?.version == version) }
        for version in [2, 9, -3] { #expect(DraftHeaders(headers(version)) == nil) }
        #expect(DraftHeaders([.uploadDraftInteropVersion: "six"]) == nil)
        #expect(DraftHeaders(headers(6, [.tusResumable: "1.0.0"])) == nil, "tus goes first")
    }

    @Test func completenessIsABoolean() throws {
        for version in 4...8 {
            #expect(try draft(version).isComplete([.uploadComplete: "?1"]) == true)
            #expect(try draft(version).isComplete([.uploadComplete: "?0"]) == false)
            for text in ["1", "true", "?2", ""] {
                #expect(try draft(version).isComplete([.uploadComplete: text]) == nil)
            }
            #expect(try draft(version).isComplete([.uploadIncomplete: "?0"]) == nil)
        }
        #expect(try draft(3).isComplete([.uploadIncomplete: "?0"]) == true)
        #expect(try draft(3).isComplete([.uploadIncomplete: "?1"]) == false)
        #expect(try draft(3).isComplete([.uploadComplete: "?1"]) == nil)
    }

    @Test func answersSayItInTheSameWords() throws {
        var fields: HTTPFields = [:]
        try draft(3).setComplete(false, in: &fields)
        #expect(fields[.uploadIncomplete] == "?1" && fields[.uploadComplete] == nil)
        try draft(8).setComplete(true, in: &fields)
        #expect(fields[.uploadComplete] == "?1" && fields[.uploadDraftInteropVersion] == "8")
    }

    @Test func theLengthIsSaidOrFollowsFromTheBody() throws {
        let new = try draft(8)
        #expect(try new.length([.uploadLength: "9"], offset: 0, isComplete: false) == 9)
        #expect(try new.length([.contentLength: "4"], offset: 5, isComplete: true) == 9)
        #expect(try new.length([.contentLength: "4"], offset: 5, isComplete: false) == nil)
        #expect(try new.length([.contentLength: "4", .uploadLength: "9"], offset: 5, isComplete: true) == 9)
        #expect(try new.length([.contentLength: "4", .uploadLength: "9"], offset: 0, isComplete: false) == 9)
        for headers: HTTPFields in [
            [.contentLength: "4", .uploadLength: "8"], [.contentLength: "\(Int.max)"], [.uploadLength: "x"],
        ] {
            #expect(throws: ChatError.self) { try new.length(headers, offset: 5, isComplete: true) }
        }
        #expect(try draft(5).length([.uploadLength: "9"], offset: 0, isComplete: false) == nil, "not yet a field")
    }

    @Test func limitsHaveTheNamesOfTheVersion() throws {
        #expect(try draft(5).limits(maxBytes: 10, secondsLeft: 5) == nil)
        #expect(try draft(6).limits(maxBytes: 10, secondsLeft: 5) == "max-size=10, expires=5")
        #expect(try draft(8).limits(maxBytes: 10, secondsLeft: -1) == "max-size=10, max-age=0")
        #expect(try draft(8).limits(maxBytes: 10, secondsLeft: nil) == "max-size=10")
    }

    @Test func piecesHaveATypeSinceVersion6() throws {
        #expect(try draft(5).bringsPiece([:]))
        #expect(try !draft(6).bringsPiece([.contentType: "application/octet-stream"]))
        #expect(try draft(6).bringsPiece([.contentType: "Application/Partial-Upload"]))
    }
}
