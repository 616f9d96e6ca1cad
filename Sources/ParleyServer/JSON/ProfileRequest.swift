import Chat
import ChatModel
import Foundation

/// A change of the caller's profile. What is absent stays; null removes a status and ends silence.
struct ProfileRequest: Decodable {
    let profile: UserDirectory.Profile

    private enum CodingKeys: String, CodingKey { case displayName, about, avatarUploadId, statusMessage, doNotDisturb }

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        func text(_ key: CodingKeys) throws -> String? { try fields.decodeIfPresent(String.self, forKey: key) }
        var profile = UserDirectory.Profile(
            displayName: try text(.displayName), about: try text(.about), avatarUploadId: try text(.avatarUploadId))
        if fields.contains(.statusMessage) {
            profile.statusMessage = .set(try fields.decodeIfPresent(Status.self, forKey: .statusMessage)?.value)
        }
        if fields.contains(.doNotDisturb) {
            profile.doNotDisturb = .set(try fields.decodeIfPresent(Silence.self, forKey: .doNotDisturb)?.value)
        }
        self.profile = profile
    }

    private struct Status: Decodable {
        let value: StatusMessage

        private enum CodingKeys: String, CodingKey { case text, emoji, until }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            value = StatusMessage(
                text: try fields.decode(String.self, forKey: .text),
                emoji: try fields.decodeIfPresent(String.self, forKey: .emoji),
                until: try ProfileRequest.time(fields.decodeIfPresent(String.self, forKey: .until), of: "statusMessage")
            )
        }
    }

    private struct Silence: Decodable {
        let value: DoNotDisturb?

        private enum CodingKeys: String, CodingKey { case until, hours }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            value = DoNotDisturb(
                until: try ProfileRequest.time(fields.decodeIfPresent(String.self, forKey: .until), of: "doNotDisturb"),
                hours: try fields.decodeIfPresent(Hours.self, forKey: .hours)?.value)
        }
    }

    private struct Hours: Decodable {
        let value: DoNotDisturb.Hours

        private enum CodingKeys: String, CodingKey { case from, to, timeZone }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            value = DoNotDisturb.Hours(
                from: try ProfileRequest.minutes(fields.decode(String.self, forKey: .from)),
                to: try ProfileRequest.minutes(fields.decode(String.self, forKey: .to)),
                timeZone: try fields.decode(String.self, forKey: .timeZone))
        }
    }

    private static func time(_ text: String?, of field: String) throws -> Date? {
        guard let text else { return nil }
        guard let time = JSON.time(text) else {
            throw ChatError.invalid(field, "until: a time of RFC 3339, in the years 1 to 9999")
        }
        return time
    }

    /// The minutes of `22:30` since midnight.
    private static func minutes(_ text: String) throws -> Int {
        let parts = text.utf8.count == 5 ? text.split(separator: ":", omittingEmptySubsequences: false) : []
        let isPlain = parts.count == 2 && parts.allSatisfy { $0.utf8.count == 2 && $0.utf8.allSatisfy(isDigit) }
        guard isPlain, let hour = Int(parts[0]), let minute = Int(parts[1]), hour < 24, minute < 60 else {
            throw ChatError.invalid("doNotDisturb", "from, to: times of the day, as 22:30")
        }
        return 60 * hour + minute
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
