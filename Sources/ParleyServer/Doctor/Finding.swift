/// One thing that `parley doctor` looked at.
public struct Finding: Sendable, Equatable {
    public enum Severity: Int, Sendable, Comparable {
        case fine, warning, error

        public static func < (left: Severity, right: Severity) -> Bool { left.rawValue < right.rawValue }
    }

    public var severity: Severity
    /// What was looked at, in a word or two.
    public var topic: String
    /// What is so.
    public var text: String
    /// What to do about it; nil where nothing has to be done.
    public var advice: String?

    static func fine(_ topic: String, _ text: String) -> Finding {
        Finding(severity: .fine, topic: topic, text: text)
    }

    static func warning(_ topic: String, _ text: String, do advice: String) -> Finding {
        Finding(severity: .warning, topic: topic, text: text, advice: advice)
    }

    static func error(_ topic: String, _ text: String, do advice: String) -> Finding {
        Finding(severity: .error, topic: topic, text: text, advice: advice)
    }
}
