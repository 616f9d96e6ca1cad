import Foundation

/// What a valid status and valid hours of silence are.
extension Rules {
    package static func status(_ raw: StatusMessage) throws(ChatError) -> StatusMessage {
        var status = raw
        status.text = try name(raw.text, field: "statusMessage", length: 1...100)
        if let emoji = raw.emoji {
            guard let known = Emoji.canonical(emoji) else { throw .invalid("statusMessage", "emoji: one emoji") }
            status.emoji = known
        }
        return status
    }

    package static func doNotDisturb(_ raw: DoNotDisturb) throws(ChatError) -> DoNotDisturb {
        guard let hours = raw.hours else { return raw }
        guard (0..<1440).contains(hours.from), (0..<1440).contains(hours.to), hours.from != hours.to else {
            throw .invalid("doNotDisturb", "hours: from and to are two times of the day")
        }
        // A server's list of zones may be older than a device's: a name that looks like one is taken.
        guard isZoneName(hours.timeZone) else {
            throw .invalid("doNotDisturb", "timeZone: a name of the IANA time zone database")
        }
        return raw
    }

    /// `Europe/Berlin`, `America/Argentina/Ushuaia`, `Etc/GMT+5`, `UTC`.
    private static func isZoneName(_ name: String) -> Bool {
        let isLetter = { (byte: UInt8) in (byte | 0x20) >= UInt8(ascii: "a") && (byte | 0x20) <= UInt8(ascii: "z") }
        let signs = "0123456789/_+-".utf8
        guard (1...64).contains(name.utf8.count), let first = name.utf8.first, isLetter(first) else { return false }
        return name.utf8.allSatisfy { isLetter($0) || signs.contains($0) }
    }
}
