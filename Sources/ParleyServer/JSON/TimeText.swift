import ChatModel
import Foundation

/// How times are written: as RFC 3339 has them, in UTC and with milliseconds, `2027-01-15T08:00:00.500Z`. What is a whole
/// number of milliseconds stays one, although a `Date` may be a little less.
///
/// A list of conversations has thousands of times, most of them the same as in the list before. Foundation's formatter
/// takes a microsecond and a half for each, so recent ones are remembered.
enum TimeText {
    private static let halfMicrosecond = 0.000_000_5
    private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    private static let remembered = RecentValues<Date, String>(max: 20_000)

    static func text(of date: Date) -> String {
        remembered.value(of: date) { date.addingTimeInterval(halfMicrosecond).formatted(style) }
    }
}
