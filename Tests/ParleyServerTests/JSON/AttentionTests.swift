import ChatModel
import Foundation
import NIOCore
import Testing

@testable import ParleyServer

@Suite struct AttentionTests {
    private func change(_ json: String) throws -> AttentionChange {
        try JSON.parse(AttentionRequest.self, from: ByteBuffer(string: json)).change
    }

    @Test func whatIsAbsentStays() throws {
        #expect(try change("{}") == AttentionChange())
        #expect(try change(#"{"pinned":true,"archived":false,"other":1}"#) == .init(isPinned: true, isArchived: false))
        #expect(
            try change(#"{"notifications":"none","markedUnread":true}"#)
                == .init(notifications: Attention.Notifications.none, isMarkedUnread: true))
    }

    @Test func mutingHasAnEndOrEnds() throws {
        #expect(try change(#"{"mutedUntil":null}"#) == .init(muting: .ended))
        let end = Date(timeIntervalSince1970: 1_769_851_800)
        for time in ["2026-01-31T09:30:00Z", "2026-01-31T09:30:00.000Z", "2026-01-31T11:30:00+02:00"] {
            #expect(try change(#"{"mutedUntil":"\#(time)"}"#) == .init(muting: .until(end)))
        }
    }

    @Test(arguments: [
        (#"{"notifications":"some"}"#, "notifications"), (#"{"notifications":1}"#, "notifications"),
        (#"{"pinned":"yes"}"#, "pinned"), (#"{"mutedUntil":"tomorrow"}"#, "mutedUntil"),
        (#"{"mutedUntil":"2026-01-31"}"#, "mutedUntil"), (#"{"mutedUntil":5}"#, "mutedUntil"),
        (#"{"mutedUntil":"10000-01-01T00:00:00Z"}"#, "mutedUntil"),
    ])
    func anythingElseIsRefused(json: String, field: String) {
        #expect {
            try change(json)
        } throws: { error in
            (error as? ChatError)?.code == .validationFailed && (error as? ChatError)?.field == field
        }
    }
}
