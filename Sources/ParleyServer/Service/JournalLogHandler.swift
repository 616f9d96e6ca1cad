public import Foundation
import Glibc
public import Logging
import SystemPackage

/// Writes log lines for the journal, which dates them itself: `<priority>text` (sd-daemon(3)).
public struct JournalLogHandler: LogHandler {
    public var logLevel = Logger.Level.info
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    private let write: @Sendable (String) -> Void

    /// Whether standard error is connected to the journal: systemd names its device and inode (systemd.exec(5),
    /// `JOURNAL_STREAM`).
    public static func isConnected(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> Bool {
        guard let stream = environment["JOURNAL_STREAM"] else { return false }
        return stream == Self.stream(of: STDERR_FILENO)
    }

    /// Device and inode of an open file, as systemd writes them.
    static func stream(of descriptor: Int32) -> String? {
        guard let file = try? Stat(FileDescriptor(rawValue: descriptor)) else { return nil }
        return "\(file.deviceID.rawValue):\(file.inode.rawValue)"
    }

    /// Writes to standard error.
    public init() {
        self.init { line in
            let bytes = Array(line.utf8)
            // One write for a line, so lines of several threads do not mix.
            _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
        }
    }

    init(write: @escaping @Sendable (String) -> Void) { self.write = write }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { _, new in new } }
        if let own = event.metadata { all.merge(own) { _, new in new } }
        let details = all.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
        // A line feed would begin an entry of its own, with the default priority.
        let text = "\(event.message)\(details)".split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
            .joined(separator: "\\n")
        write("<\(Self.priority(event.level))>\(text)\n")
    }

    /// syslog(3).
    private static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
