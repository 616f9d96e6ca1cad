import Testing

@testable import Chat

@Suite struct TimelineTests {
    private typealias Line = Timeline<String>

    /// A timeline at revision 10 with 5 messages, and what it has done since the last look.
    private struct Bench {
        var timeline = Line(applied: 10, lastSeq: 5)
        var now: Duration = .zero
        private var actions: [Line.Action] = []
        private(set) var reads: [Line.Read] = []

        mutating func take(_ revision: Int, _ kind: Line.Event.Kind = .messageChange) -> [String] {
            timeline.take(.init(revision: revision, kind: kind, payload: "\(revision)"), at: now, &actions)
            return log()
        }

        mutating func promise(_ revision: Int) -> [String] {
            timeline.promise(revision, at: now, &actions)
            return log()
        }

        mutating func retract(_ revision: Int) -> [String] {
            timeline.retract(revision, at: now, &actions)
            return log()
        }

        mutating func abandon(_ revision: Int) -> [String] {
            timeline.abandon(revision, at: now, &actions)
            return log()
        }

        mutating func hear(_ revision: Int) -> [String] {
            timeline.hear(of: revision, at: now, &actions)
            return log()
        }

        mutating func wait(_ milliseconds: Int) -> [String] {
            now += .milliseconds(milliseconds)
            timeline.advance(to: now, &actions)
            return log()
        }

        mutating func finish(_ snapshot: Line.Snapshot) -> [String] {
            timeline.finishRead(reads.removeFirst(), snapshot, at: now, &actions)
            return log()
        }

        mutating func fail() -> [String] {
            timeline.failRead(reads.removeFirst(), at: now, &actions)
            return log()
        }

        mutating func reread() -> [String] {
            timeline.reread(&actions)
            return log()
        }

        mutating func readAgain() -> [String] {
            timeline.readAgain(&actions)
            return log()
        }

        mutating func tell(_ payload: String, asOf revision: Int) -> [String] {
            timeline.tell(payload, asOf: revision, at: now, &actions)
            return log()
        }

        mutating func take(_ revision: Int, arrival: String) -> [String] {
            timeline.take(
                .init(revision: revision, kind: .other, payload: "\(revision)", arrival: arrival), at: now, &actions)
            return log()
        }

        private mutating func log() -> [String] {
            defer { actions = [] }
            return actions.map { action in
                switch action {
                case .deliver(let payload): return payload
                case .read(let read):
                    reads.append(read)
                    return "read past \(read.since)"
                case .giveUp: return "give up"
                }
            }
        }
    }

    private func snapshot(
        _ revision: Int, lastSeq: Int, others: String? = nil, othersRevision: Int = 0,
        _ messages: (seq: Int, revision: Int)...
    ) -> Line.Snapshot {
        .init(
            revision: revision, lastSeq: lastSeq, departures: "out", arrivals: "in", beginning: "begin", others: others,
            othersRevision: othersRevision,
            messages: messages.map {
                .init(
                    seq: $0.seq, revision: $0.revision, whenNew: "new \($0.revision)",
                    whenChanged: "changed \($0.revision)")
            })
    }

    @Test func changesLeaveInTheOrderOfTheirRevisions() {
        var bench = Bench()
        #expect(bench.take(11) == ["11"])
        #expect(bench.take(13) == [])
        #expect(bench.take(14) == [])
        #expect(bench.take(11) == [], "twice")
        #expect(bench.take(12) == ["12", "13", "14"])
        #expect(bench.timeline.isInOrder)
        #expect(bench.timeline.deadline == nil)
    }

    @Test func whatIsMissingIsReadAfterAWhile() {
        var bench = Bench()
        _ = bench.take(13, .message(seq: 6))
        #expect(bench.wait(99) == [])
        #expect(bench.wait(1) == ["read past 10"])
        #expect(bench.wait(1000) == [], "one at a time")
        #expect(
            bench.finish(snapshot(14, lastSeq: 7, (7, 12), (6, 13), (3, 14), (2, 11)))
                == ["out", "changed 11", "changed 14", "13", "new 12", "in"],
            "who is out first, then changes by revision, then new messages by seq, as those who stored them say it")
        #expect(bench.timeline.applied == 14)
        #expect(bench.timeline.lastSeq == 7)
        #expect(bench.take(15) == ["15"])
    }

    @Test func aMessageIsToldAsItWasStored() {
        var bench = Bench()
        _ = bench.take(12, .message(seq: 6))
        _ = bench.take(13, .messageChange)
        #expect(bench.wait(100) == ["read past 10"])
        #expect(
            bench.finish(snapshot(13, lastSeq: 6, (6, 13), (3, 11))) == [
                "out", "changed 11", "12", "changed 13", "in",
            ],
            "only the event says which connection sent it")
    }

    @Test func aHintIsEnough() {
        var bench = Bench()
        #expect(bench.hear(10) == [])
        #expect(bench.timeline.isInOrder)
        #expect(bench.hear(12) == [])
        #expect(bench.wait(100) == ["read past 10"])
        // Something newer was told of while it was read.
        #expect(bench.hear(13) == [])
        #expect(bench.finish(snapshot(12, lastSeq: 5, others: "title")) == ["out", "title", "in"])
        #expect(bench.wait(100) == ["read past 12"])
    }

    /// What was missed may be newer than the snapshot that is being read.
    @Test func doubtWhileReadingReadsAgain() {
        var bench = Bench()
        #expect(bench.reread() == ["read past 10"])
        #expect(bench.reread() == [])
        #expect(bench.finish(snapshot(11, lastSeq: 5, (1, 11))) == ["out", "changed 11", "in"])
        #expect(bench.wait(100) == ["read past 11"])
        #expect(bench.finish(snapshot(11, lastSeq: 5)) == ["out", "in"])
        #expect(bench.timeline.isInOrder)
    }

    /// A snapshot that says who is a member must not be older than what was delivered.
    @Test func nothingIsDeliveredWhileMembersAreRead() {
        var bench = Bench()
        #expect(bench.reread() == ["read past 10"])
        #expect(bench.reads.map(\.isWhole) == [true])
        #expect(bench.take(11) == [])
        #expect(bench.finish(snapshot(10, lastSeq: 5)) == ["out", "in", "11"])
        #expect(bench.timeline.isInOrder)
        #expect(bench.take(12) == ["12"])
    }

    /// The list of a device that arrived named a state that has the addition of others already.
    @Test func whoeverWasAddedBeforeTheTimelineBeganIsLetIn() {
        var bench = Bench()
        #expect(bench.take(10, arrival: "hello") == ["read past 10"])
        #expect(bench.finish(snapshot(10, lastSeq: 5)) == ["out", "in"])
        #expect(bench.take(11, arrival: "hello") == ["hello", "11"])
        #expect(bench.take(11, arrival: "hello") == [], "it came in its turn")
    }

    @Test func aSnapshotThatMayBeWrongIsReadAgain() {
        var bench = Bench()
        #expect(bench.readAgain() == [])
        #expect(bench.timeline.isInOrder)
        _ = bench.take(12)
        #expect(bench.wait(100) == ["read past 10"])
        #expect(bench.readAgain() == ["read past 10"])
        #expect(bench.finish(snapshot(12, lastSeq: 5)) == [], "the first answer")
        #expect(bench.finish(snapshot(12, lastSeq: 5, (1, 11), (2, 12))) == ["out", "changed 11", "changed 12", "in"])
    }

    /// What was read after a change may tell of later ones.
    @Test func whatIsReadLaterIsToldLater() {
        var bench = Bench()
        #expect(bench.tell("view of 10", asOf: 10) == ["view of 10"])
        #expect(bench.tell("view of 12", asOf: 12) == [])
        #expect(bench.take(11) == ["11"])
        #expect(bench.take(12) == ["12", "view of 12"])
        #expect(bench.timeline.isInOrder)
        #expect(bench.tell("view of 13", asOf: 13) == [])
        #expect(bench.wait(100) == ["read past 12"])
        #expect(
            bench.finish(snapshot(13, lastSeq: 5, others: "title", othersRevision: 14)) == ["out", "in", "view of 13"])
        #expect(bench.take(14) == ["14", "title"])
        #expect(bench.timeline.isInOrder)
    }

    @Test func theMissingChangeMayComeWhileItIsRead() {
        var bench = Bench()
        _ = bench.take(12)
        _ = bench.wait(100)
        #expect(bench.take(11) == ["11", "12"])
        #expect(bench.take(13) == ["13"], "reading holds nothing up")
        #expect(bench.finish(snapshot(12, lastSeq: 5, (1, 11), (2, 12))) == [], "it is older")
        #expect(bench.timeline.isInOrder)
    }

    @Test func aPromisedChangeIsNotRead() {
        var bench = Bench()
        #expect(bench.promise(11) == [])
        #expect(bench.take(12) == [])
        #expect(bench.wait(900) == [])
        #expect(bench.take(11, .other) == ["11", "12"])
    }

    /// A snapshot does not say what a promised change would tell.
    @Test func aSnapshotWaitsForWhatWasPromised() {
        var bench = Bench()
        _ = bench.take(13)
        #expect(bench.promise(12) == [])
        #expect(bench.wait(100) == ["read past 10"])
        #expect(bench.finish(snapshot(13, lastSeq: 5, (1, 11), (2, 13))) == [])
        #expect(bench.take(12, .other) == ["out", "changed 11", "12", "changed 13", "in"])
    }

    @Test func anAbandonedChangeIsRead() {
        var bench = Bench()
        _ = bench.promise(11)
        #expect(bench.abandon(11) == [])
        #expect(bench.wait(100) == ["read past 10"])
    }

    @Test func aPromiseIsNotBelievedForEver() {
        var bench = Bench()
        _ = bench.promise(11)
        #expect(bench.wait(999) == [])
        #expect(bench.wait(1) == [])
        #expect(bench.wait(100) == ["read past 10"])
        #expect(bench.finish(snapshot(10, lastSeq: 5)) == ["out", "in"])
        #expect(bench.timeline.isInOrder)
    }

    @Test func aRetractedPromiseIsNothing() {
        var bench = Bench()
        _ = bench.promise(11)
        #expect(bench.retract(11) == [])
        #expect(bench.timeline.isInOrder)
        _ = bench.promise(11)
        #expect(bench.take(12) == [])
        #expect(bench.retract(11) == [])
        #expect(bench.wait(100) == ["read past 10"])
    }

    @Test func aFailedReadIsRepeatedForAWhile() {
        var bench = Bench()
        _ = bench.take(12)
        _ = bench.wait(100)
        #expect(bench.fail() == [])
        #expect(bench.wait(500) == ["read past 10"])
        bench.now += .seconds(10)
        #expect(bench.fail() == ["give up"])
    }

    @Test func anAnswerToAnEarlierTimelineCountsForNothing() {
        var bench = Bench()
        _ = bench.take(12)
        _ = bench.wait(100)
        bench.timeline = Line(applied: 10, lastSeq: 5, number: 2)
        #expect(bench.finish(snapshot(12, lastSeq: 5, (1, 12))) == [])
        #expect(bench.timeline.applied == 10)
    }

    @Test func tooMuchIsNotKept() {
        var bench = Bench()
        for revision in 12..<(12 + Line.maxPending) { #expect(bench.take(revision) == []) }
        #expect(bench.take(12 + Line.maxPending) == ["give up"])
    }

    @Test func anUnknownStateIsReadAndToldAtOnce() {
        var actions: [Line.Action] = []
        var timeline = Line(loadingFrom: 10, &actions)
        guard case .read(let read)? = actions.first else {
            Issue.record("nothing is read")
            return
        }
        actions = []
        timeline.take(.init(revision: 13, kind: .messageChange, payload: "13"), at: .zero, &actions)
        #expect(actions.isEmpty)
        timeline.finishRead(read, snapshot(12, lastSeq: 5, (1, 12)), at: .zero, &actions)
        #expect(
            actions.map { if case .deliver(let payload) = $0 { payload } else { "" } } == ["out", "begin", "13"])
    }
}
