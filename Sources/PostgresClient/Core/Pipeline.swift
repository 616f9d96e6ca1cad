import DequeModule

/// The unanswered segments of one connection, in order. Pure.
///
/// A segment is one or more statements closed by one Sync. The server runs it as one implicit transaction: the first
/// error undoes the segment, skips its remaining statements, and does not affect other segments (PostgreSQL
/// documentation, 34.5 "Pipeline Mode").
struct Pipeline<Work, Output> {
    enum Event {
        case output(Output)
        case failed(PostgresError)
        /// A statement was skipped because one before it in its segment failed.
        case aborted
        case synchronized
    }

    struct Failure: Error {
        let error: PostgresError
        /// The index of the failed statement, or the count if the commit failed.
        let statement: Int
    }

    enum Action {
        case wait
        case finish(Work, Result<[Output], Failure>)
        /// Answers do not match the segments. The connection cannot be used further.
        case desynchronized
    }

    private struct Segment {
        let work: Work
        let statements: Int
        var answered = 0
        var outputs: [Output] = []
        var failure: Failure?
    }

    private var segments: Deque<Segment> = []

    var isEmpty: Bool { segments.isEmpty }
    var count: Int { segments.count }
    var head: Work? { segments.first?.work }

    /// All unanswered segments, in order.
    var work: some Sequence<Work> { segments.lazy.map(\.work) }

    mutating func sent(_ work: Work, statements: Int) {
        segments.append(Segment(work: work, statements: statements))
    }

    mutating func receive(_ event: Event) -> Action {
        guard !segments.isEmpty else { return .desynchronized }
        switch event {
        case .output(let output):
            guard segments[0].answered < segments[0].statements, segments[0].failure == nil else {
                return .desynchronized
            }
            segments[0].outputs.append(output)
            segments[0].answered += 1
            return .wait
        case .failed(let error):
            guard segments[0].failure == nil else { return .desynchronized }
            segments[0].failure = Failure(error: error, statement: segments[0].answered)
            segments[0].answered += 1
            return .wait
        case .aborted:
            guard segments[0].failure != nil, segments[0].answered < segments[0].statements else {
                return .desynchronized
            }
            segments[0].answered += 1
            return .wait
        case .synchronized:
            let segment = segments.removeFirst()
            if let failure = segment.failure { return .finish(segment.work, .failure(failure)) }
            guard segment.answered == segment.statements else { return .desynchronized }
            return .finish(segment.work, .success(segment.outputs))
        }
    }

    /// Forgets everything after the connection was lost.
    mutating func removeAll() -> [Work] {
        defer { segments.removeAll() }
        return segments.map(\.work)
    }
}
