internal import Foundation
internal import Glibc

/// A moment as AWS signatures write it, in UTC.
struct SigningTime: Sendable {
    /// `20150830T123600Z`
    let text: String
    /// `20150830`
    var day: String { String(text.prefix(8)) }

    init(_ date: Date) {
        var seconds = time_t(date.timeIntervalSince1970)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        text = String(
            format: "%04d%02d%02dT%02d%02d%02dZ", Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday),
            Int(parts.tm_hour), Int(parts.tm_min), Int(parts.tm_sec))
    }
}
