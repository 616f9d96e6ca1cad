/// clamd's verdict on a file.
public enum ScanVerdict: Sendable, Equatable {
    case clean
    /// With the name of the malware.
    case infected(String)
}

/// clamd gave no verdict.
public enum ScanError: Error, Sendable, Equatable {
    /// It cannot be reached, or does not answer in time.
    case unreachable(String)
    /// The file is above its `StreamMaxLength`.
    case tooLarge
    /// It answered with another error.
    case refused(String)
    /// The limit of waiting files is reached.
    case busy
}
