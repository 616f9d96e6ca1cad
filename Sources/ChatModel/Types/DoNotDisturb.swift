public import Foundation

/// When somebody's devices make no sound and show no notification. Others see it too, and know why nobody answers.
public struct DoNotDisturb: Sendable, Equatable {
    /// The same hours of every day, by the clock of a place.
    public struct Hours: Sendable, Equatable {
        /// Minutes since midnight. Where `from` is the later one, the hours end on the next day.
        public var from: Int
        public var to: Int
        /// A name of the IANA time zone database.
        public var timeZone: String

        package init(from: Int, to: Int, timeZone: String) {
            self.from = from
            self.to = to
            self.timeZone = timeZone
        }
    }

    public var until: Date?
    public var hours: Hours?

    /// - Returns: nil where neither is given.
    package init?(until: Date?, hours: Hours?) {
        guard until != nil || hours != nil else { return nil }
        self.until = until
        self.hours = hours
    }
}
