import ChatModel

/// What a new socket was told of before anything live, so that nothing comes twice.
///
/// Live events wait while the greeting is read, so they may tell of something that the greeting includes already, in the
/// same version or in an older one. Some of them are late: the memory outlasts the greeting for a while.
struct GreetingMemory {
    enum Verdict: Equatable {
        case deliver
        /// The subject is not new to the client, but has changed since.
        case deliverAsChange
        case drop
    }

    private var versions: [MessageID: Int]

    /// - Parameter versions: The version of each message as the greeting told it.
    init(_ versions: [MessageID: Int]) { self.versions = versions }

    var isEmpty: Bool { versions.isEmpty }

    /// Judges the next live event.
    mutating func judge(_ subject: MessageID, version: Int) -> Verdict {
        guard let known = versions[subject] else { return .deliver }
        guard version > known else { return .drop }
        versions[subject] = version
        return .deliverAsChange
    }
}
