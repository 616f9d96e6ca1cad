import NIOCore

/// When the server pings, and when the client's answer is due (protocol revision 4, "Heartbeat").
struct Heartbeat: Equatable {
    private enum Phase: Equatable {
        case pingDue(NIODeadline)
        case pongDue(NIODeadline)
    }

    private let interval: TimeAmount
    private let timeout: TimeAmount
    private var phase: Phase

    init(interval: TimeAmount, timeout: TimeAmount, now: NIODeadline) {
        self.interval = interval
        self.timeout = timeout
        phase = .pingDue(now + interval)
    }

    /// When something is due next.
    var deadline: NIODeadline {
        switch phase {
        case .pingDue(let deadline), .pongDue(let deadline): deadline
        }
    }

    func isExpired(at now: NIODeadline) -> Bool {
        switch phase {
        case .pingDue(let deadline): deadline + timeout <= now
        case .pongDue(let deadline): deadline <= now
        }
    }

    mutating func receivedPong(at now: NIODeadline) {
        if case .pongDue = phase { phase = .pingDue(now + interval) }
    }

    /// - Returns: Whether a ping has to be sent now.
    mutating func pings(at now: NIODeadline) -> Bool {
        guard case .pingDue(let deadline) = phase, deadline <= now else { return false }
        // The pong is due at the time that a punctual ping would have set: a late timer must not prolong the session.
        phase = .pongDue(deadline + timeout)
        return true
    }
}
