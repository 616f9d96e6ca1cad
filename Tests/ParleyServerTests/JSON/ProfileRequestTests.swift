import ChatModel
import Foundation
import NIOCore
import Testing

@testable import Chat
@testable import ParleyServer

@Suite struct ProfileRequestTests {
    private func parse(_ json: String) throws -> UserDirectory.Profile {
        try JSON.parse(ProfileRequest.self, from: ByteBuffer(string: json)).profile
    }

    @Test func whatIsAbsentStaysAndNullRemoves() throws {
        let kept = try parse(#"{"displayName":"Ana"}"#)
        #expect(kept.displayName == "Ana")
        #expect(!kept.statusMessage.isSet && !kept.doNotDisturb.isSet)
        let removed = try parse(#"{"statusMessage":null,"doNotDisturb":null}"#)
        #expect(removed.statusMessage.isSet && removed.statusMessage.value == nil)
        #expect(removed.doNotDisturb.isSet && removed.doNotDisturb.value == nil)
        #expect(try parse(#"{"doNotDisturb":{}}"#).doNotDisturb.isSet)
    }

    @Test func statusAndHoursAreRead() throws {
        let profile = try parse(
            #"""
            {"statusMessage":{"text":"away","emoji":"🌴","until":"2027-01-15T08:00:00Z"},
             "doNotDisturb":{"hours":{"from":"22:05","to":"07:00","timeZone":"Europe/Berlin"}}}
            """#)
        #expect(
            profile.statusMessage.value
                == StatusMessage(text: "away", emoji: "🌴", until: Date(timeIntervalSince1970: 1_800_000_000)))
        #expect(profile.doNotDisturb.value?.hours == .init(from: 1325, to: 420, timeZone: "Europe/Berlin"))
        #expect(profile.doNotDisturb.value?.until == nil)
    }

    @Test(arguments: ["24:00", "7:00", "07:60", "07-00", "+7:00", "", "０７:00"])
    func timesOfTheDayHaveFourDigits(text: String) {
        #expect(throws: ChatError.self) {
            try parse(#"{"doNotDisturb":{"hours":{"from":"\#(text)","to":"07:00","timeZone":"UTC"}}}"#)
        }
    }

    @Test(arguments: ["soon", "20000-01-01T00:00:00Z", "0000-12-31T23:59:59Z"])
    func endsAreTimesThatEverybodyReads(end: String) {
        for (field, members) in [("statusMessage", #""text":"a","#), ("doNotDisturb", "")] {
            #expect {
                try parse(#"{"\#(field)":{\#(members)"until":"\#(end)"}}"#)
            } throws: { error in
                (error as? ChatError)?.code == .validationFailed && (error as? ChatError)?.field == field
            }
        }
    }
}
