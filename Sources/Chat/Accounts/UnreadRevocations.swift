import ChatModel

/// What was notified of sessions and accounts, counted as it arrives, and what of that has been read. A pure machine.
struct UnreadRevocations: Sendable {
    /// What is to be read next.
    struct Work: Sendable, Equatable {
        /// It is finished with everything that had arrived up to this number.
        var last: Int
        /// The sessions that are said to have ended.
        var sessions: [SessionID]
        /// Whether everything is to be read.
        var isEverything: Bool
    }

    private var arrived = 0
    private var finished = 0
    /// When it was last said that any account may have changed.
    private var everything = 0
    private var sessions: [SessionID: Int] = [:]
    /// What nobody has begun to read.
    private var waiting: [SessionID] = []
    private var isEverythingWaiting = false

    /// How many sessions are asked for one by one. If more wait, everything is read.
    static let maxSessions = 1000

    /// Somebody's session is said to have ended.
    mutating func note(_ session: SessionID) {
        guard max(sessions.count, waiting.count) < Self.maxSessions else { return noteEverything() }
        arrived += 1
        sessions[session] = arrived
        if !isEverythingWaiting { waiting.append(session) }
    }

    /// Any account may have changed, and any session may have ended.
    mutating func noteEverything() {
        noteReading()
        isEverythingWaiting = true
        waiting = []
    }

    /// Somebody reads everything without having been told to.
    /// - Returns: What to finish with the reading.
    @discardableResult
    mutating func noteReading() -> Int {
        arrived += 1
        everything = arrived
        return arrived
    }

    /// - Returns: Up to which number everything is to be finished before anybody knows whether the session's tokens count; nil
    ///   if that is known.
    func concern(of session: SessionID) -> Int? {
        let last = max(everything, sessions[session] ?? 0)
        return last > finished ? last : nil
    }

    /// The last of what is unfinished; nil if there is nothing.
    var last: Int? { arrived > finished ? arrived : nil }

    func isFinished(_ last: Int) -> Bool { last <= finished }

    /// Removes what is to be read next. As long as everything is being read, the answer for a session would finish that, too:
    /// everything is read again.
    mutating func take() -> Work? {
        guard isEverythingWaiting || !waiting.isEmpty else { return nil }
        defer {
            waiting = []
            isEverythingWaiting = false
        }
        let isEverything = isEverythingWaiting || everything > finished
        return Work(last: arrived, sessions: isEverything ? [] : waiting, isEverything: isEverything)
    }

    /// What had arrived up to this number has been read, or took too long.
    mutating func finish(_ last: Int) {
        guard last > finished else { return }
        finished = last
        sessions = sessions.filter { $0.value > last }
    }
}
