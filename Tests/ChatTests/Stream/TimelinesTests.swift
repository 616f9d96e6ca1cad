import ChatModel
import Testing

@testable import Chat

@Suite struct TimelinesTests {
    private let user = UserID.make()
    private let one = ConversationID.make()
    private let other = ConversationID.make()

    private func event(_ revision: Int) -> Timeline<Int>.Event {
        .init(revision: revision, kind: .messageChange, payload: revision)
    }

    @Test func onlyFollowedConversationsHaveATimeline() {
        var timelines = Timelines<Int>()
        #expect(timelines.take(event(2), in: one, at: .zero).isEmpty)
        timelines.follow(.init(id: one, revision: 1, lastSeq: 0), at: .zero)
        #expect(timelines.take(event(2), in: one, at: .zero).count == 1)
        timelines.follow(.init(id: one, revision: 9, lastSeq: 0), at: .zero)
        #expect(timelines.applied(one) == 2, "it is followed already")
        timelines.forget(one)
        #expect(!timelines.follows(one))
    }

    @Test func whatWaitsKeepsATimeline() {
        var timelines = Timelines<Int>()
        timelines.follow(.init(id: one, revision: 1, lastSeq: 0), at: .zero)
        _ = timelines.take(event(3), in: one, at: .zero)
        timelines.forget(one)
        #expect(timelines.take(event(2), in: one, at: .zero).count == 2, "it may let somebody in")
        timelines.forget(one)
        #expect(!timelines.follows(one))
    }

    /// It may have gone on between the list that names it and the first event after that.
    @Test func whatWasHeardOfBeforeItWasFollowedIsRead() {
        var timelines = Timelines<Int>()
        _ = timelines.take(event(5), in: one, at: .zero)
        _ = timelines.hear(of: 4, in: one, at: .zero)
        _ = timelines.hear(of: 5, in: other, at: .zero)
        timelines.follow(.init(id: one, revision: 4, lastSeq: 0), at: .seconds(1))
        timelines.follow(.init(id: other, revision: 5, lastSeq: 0), at: .seconds(1))
        #expect(timelines.advance(to: .milliseconds(1100)).map(\.conversation) == [one])
    }

    @Test func eachConversationHasItsDeadline() {
        var timelines = Timelines<Int>()
        for id in [one, other] { timelines.follow(.init(id: id, revision: 1, lastSeq: 0), at: .zero) }
        _ = timelines.take(event(3), in: one, at: .zero)
        _ = timelines.take(event(3), in: other, at: .milliseconds(50))
        #expect(timelines.deadline == .milliseconds(100))
        #expect(timelines.advance(to: .milliseconds(100)).map(\.conversation) == [one])
        #expect(timelines.deadline == .milliseconds(150))
        _ = timelines.take(event(2), in: other, at: .milliseconds(120))
        #expect(timelines.deadline == nil)
    }

    @Test func anArrivalFollowsWhatWasNotedSinceItsList() {
        var timelines = Timelines<Int>()
        let arrival = timelines.beginArrival(of: user)
        timelines.note(one, at: 5, of: user, isMember: false)
        timelines.note(other, at: 5, of: user, isMember: false)
        timelines.note(other, at: 4, of: user, isMember: true)
        let joined = timelines.endArrival(
            arrival, listed: [.init(id: one, revision: 4, lastSeq: 0), .init(id: other, revision: 6, lastSeq: 0)],
            at: .zero)
        #expect(joined.rooms == [other], "removed after the one list, and before the other")
    }

    @Test func anArrivalJoinsWhatWasAddedMeanwhile() {
        var timelines = Timelines<Int>()
        let arrival = timelines.beginArrival(of: user)
        timelines.note(one, at: 5, of: user, isMember: true)
        let joined = timelines.endArrival(arrival, listed: [], at: .zero)
        #expect(joined.rooms == [], "its state is not known yet")
        #expect(joined.reads.map(\.conversation) == [one])
    }

    /// Another device's list has begun the timeline meanwhile. The change between the two lists comes late, and is not heeded.
    @Test func anOlderListThanTheTimelinesDoesNotCount() throws {
        var timelines = Timelines<Int>()
        let arrival = timelines.beginArrival(of: user)
        timelines.follow(.init(id: one, revision: 6, lastSeq: 0), at: .zero)
        timelines.note(one, at: 5, of: user, isMember: false)
        let joined = timelines.endArrival(arrival, listed: [.init(id: one, revision: 4, lastSeq: 0)], at: .zero)
        #expect(joined.rooms == [], "removed by 5, as nobody here knows")
        #expect(try #require(reads(joined.reads.flatMap(\.actions)).first).isWhole)
    }

    /// After a fail-over the database may lack what was told. Whoever waits to be let in is in no room that could be cut.
    @Test func aDatabaseThatHasGoneBackIsReadFromTheBeginning() throws {
        var timelines = Timelines<Int>()
        let arrival = timelines.beginArrival(of: user)
        timelines.follow(.init(id: one, revision: 6, lastSeq: 0), at: .zero)
        let joined = timelines.endArrival(arrival, listed: [.init(id: one, revision: 4, lastSeq: 0)], at: .zero)
        let read = try #require(reads(joined.reads.flatMap(\.actions)).first)
        let snapshot = Timeline<Int>.Snapshot(
            revision: 4, lastSeq: 0, departures: 0, arrivals: 0, beginning: 0, others: nil, messages: [])
        let actions = timelines.finishRead(read, snapshot, members: [user], in: one, at: .zero)
        #expect(givesUp(actions) && reads(actions).map(\.isFirst) == [true])
    }

    /// Whoever began to arrive after the reading began may have an older list than what was read: statements take their time.
    @Test func anOlderListThanASnapshotDoesNotCount() throws {
        var timelines = Timelines<Int>()
        timelines.follow(.init(id: one, revision: 3, lastSeq: 0), at: .zero)
        _ = timelines.take(event(6), in: one, at: .zero)
        let read = try #require(reads(timelines.advance(to: .milliseconds(100)).flatMap(\.actions)).first)
        let (early, late) = (timelines.beginArrival(of: user), timelines.beginArrival(of: user))
        let snapshot = Timeline<Int>.Snapshot(
            revision: 6, lastSeq: 0, departures: 0, arrivals: 0, beginning: 0, others: 7, othersRevision: 6,
            messages: [])
        _ = timelines.finishRead(read, snapshot, members: [], in: one, at: .zero)
        let older = timelines.endArrival(early, listed: [.init(id: one, revision: 5, lastSeq: 0)], at: .zero)
        #expect(older.rooms == [] && reads(older.reads.flatMap(\.actions)).count == 1)
        let newer = timelines.endArrival(late, listed: [.init(id: one, revision: 6, lastSeq: 0)], at: .zero)
        #expect(newer.rooms == [one] && newer.reads.isEmpty)
    }

    /// A conversation is being read for somebody else. Nobody was told of it before, so its messages would be news to nobody.
    @Test(arguments: [3, 7]) func whoJoinsWhileTheStateIsReadMissesNothing(listed: Int) {
        var timelines = Timelines<Int>()
        let arrival = timelines.beginArrival(of: user)
        _ = timelines.follow(one, loadingFrom: 5, at: .zero)
        let joined = timelines.endArrival(
            arrival, listed: [.init(id: one, revision: listed, lastSeq: listed - 1)], at: .zero)
        #expect(joined.rooms == [one] && timelines.lastSeq(one) == listed - 1)
        guard case .read(let read)? = joined.reads.first?.actions.first else {
            Issue.record("nothing is read")
            return
        }
        #expect(read.since == listed && read.isWhole)
        let snapshot = Timeline<Int>.Snapshot(
            revision: 8, lastSeq: 7, departures: 1, arrivals: 2, beginning: 3, others: nil,
            messages: [.init(seq: 7, revision: 8, whenNew: 10, whenChanged: 11)])
        let told = timelines.finishRead(read, snapshot, members: [user], in: one, at: .zero).compactMap { action in
            if case .deliver(let payload) = action { payload } else { nil }
        }
        #expect(told == [1, 10, 2])
    }

    /// A device that waits for the state is in no room that could be cut.
    @Test func aStateThatIsReadForTheFirstTimeIsNotGivenUp() {
        var timelines = Timelines<Int>()
        var actions = timelines.follow(one, loadingFrom: 5, at: .zero)
        var now: Duration = .zero
        for _ in 0..<60 {
            guard case .read(let read)? = actions.first else { break }
            _ = timelines.failRead(read, in: one, at: now)
            now += .milliseconds(500)
            actions = timelines.advance(to: now).flatMap(\.actions)
        }
        #expect(now == .seconds(30) && timelines.follows(one))
    }

    private func reads(_ actions: Timelines<Int>.Actions) -> [Timeline<Int>.Read] {
        actions.compactMap { if case .read(let read) = $0 { read } else { nil } }
    }

    private func givesUp(_ actions: Timelines<Int>.Actions) -> Bool {
        actions.contains { if case .giveUp = $0 { true } else { false } }
    }

    /// They are in no room that could be cut.
    @Test func thoseWhoWaitAreLetInAfterATimelineWasGivenUp() throws {
        var timelines = Timelines<Int>()
        let first = try #require(reads(timelines.follow(one, loadingFrom: 5, at: .zero)).first)
        var actions: Timelines<Int>.Actions = []
        for revision in 7...(8 + Timeline<Int>.maxPending) where !givesUp(actions) {
            actions = timelines.take(event(revision), in: one, at: .zero)
        }
        #expect(givesUp(actions))
        let again = try #require(reads(actions).first)
        #expect(again.since == 0 && again.isFirst)
        #expect(timelines.giveUp(first, in: one).isEmpty && timelines.follows(one), "it is the former one's")
        let snapshot = Timeline<Int>.Snapshot(
            revision: 3000, lastSeq: 0, departures: 1, arrivals: 2, beginning: 3, others: nil, messages: [])
        #expect(timelines.finishRead(again, snapshot, members: [user], in: one, at: .zero).count == 2)
    }

    /// One that was followed already, where somebody waits for what is read.
    @Test func thoseWhoWaitForAReadingOutliveIt() throws {
        var timelines = Timelines<Int>()
        timelines.follow(.init(id: one, revision: 5, lastSeq: 0), at: .zero)
        let read = try #require(reads(timelines.reread(one)).first)
        let actions = timelines.giveUp(read, in: one)
        #expect(givesUp(actions) && reads(actions).map(\.isFirst) == [true])
    }

    @Test func whatNobodyWaitsForIsGivenUp() throws {
        var timelines = Timelines<Int>()
        timelines.follow(.init(id: one, revision: 5, lastSeq: 0), at: .zero)
        _ = timelines.hear(of: 7, in: one, at: .zero)
        let read = try #require(timelines.advance(to: .seconds(1)).flatMap { reads($0.actions) }.first)
        #expect(givesUp(timelines.giveUp(read, in: one)) && !timelines.follows(one))
        let loading = try #require(reads(timelines.follow(one, loadingFrom: 5, at: .zero)).first)
        #expect(reads(timelines.giveUp(loading, in: one)).isEmpty)
        #expect(!timelines.follows(one), "there is no such conversation")
    }

    @Test func whoWasAddedComesInWithTheStateThatIsRead() {
        var timelines = Timelines<Int>()
        let arrival = timelines.beginArrival(of: user)
        timelines.note(one, at: 6, of: user, isMember: true)
        _ = timelines.follow(one, loadingFrom: 5, at: .zero)
        let joined = timelines.endArrival(arrival, listed: [], at: .zero)
        #expect(joined.rooms == [] && joined.reads.isEmpty)
    }

    @Test func anArrivalIsCorrectedBySnapshotsThatAreNewerThanItsList() {
        var timelines = Timelines<Int>()
        timelines.follow(.init(id: one, revision: 4, lastSeq: 0), at: .zero)
        let early = timelines.beginArrival(of: user)
        guard case .read(let read)? = timelines.reread(one).first else {
            Issue.record("nothing is read")
            return
        }
        let late = timelines.beginArrival(of: user)
        let snapshot = Timeline<Int>.Snapshot(
            revision: 5, lastSeq: 0, departures: 0, arrivals: 0, beginning: 0, others: nil, messages: [])
        _ = timelines.finishRead(read, snapshot, members: [user], in: one, at: .zero)
        #expect(timelines.endArrival(early, listed: [], at: .zero).rooms == [one])
        #expect(
            timelines.endArrival(late, listed: [], at: .zero).rooms == [],
            "it began after the reading, and has a newer list")
    }

    /// The bus may bring it twice. The device's list is newer, and does not say of what revision it lacks a conversation.
    @Test func anAdditionThatComesLateLetsNobodyIn() {
        var timelines = Timelines<Int>()
        timelines.follow(.init(id: one, revision: 66, lastSeq: 0), at: .zero)
        let arrival = timelines.beginArrival(of: user)
        timelines.note(one, at: 65, of: user, isMember: true)
        timelines.note(other, at: 65, of: user, isMember: true)
        timelines.follow(.init(id: other, revision: 66, lastSeq: 0), at: .zero)
        let joined = timelines.endArrival(arrival, listed: [], at: .zero)
        #expect(joined.rooms == [])
        #expect(joined.reads.map(\.conversation) == [other], "whoever is a member is let in by what is read")
        #expect(joined.reads.map(\.actions.count) == [1])
    }

    @Test func aDeviceThatArrivesDuringAHidingIsKeptOut() {
        var timelines = Timelines<Int>()
        let listed = [ConversationPosition(id: one, revision: 4, lastSeq: 0)]
        let before = timelines.beginArrival(of: user)
        _ = timelines.beginHiding(one, from: user, at: 4)
        let during = timelines.beginArrival(of: user)
        _ = timelines.endHiding(one, from: user)
        let after = timelines.beginArrival(of: user)
        #expect(timelines.endArrival(before, listed: listed, at: .zero).rooms == [])
        #expect(timelines.endArrival(during, listed: listed, at: .zero).rooms == [], "its list may be older")
        #expect(timelines.endArrival(after, listed: listed, at: .zero).rooms == [one], "it is shown again")
    }

    /// A message brings a hidden conversation back, perhaps before its hiding has ended here.
    @Test func aMessageEndsAHiding() {
        var timelines = Timelines<Int>()
        timelines.follow(.init(id: one, revision: 4, lastSeq: 0), at: .zero)
        _ = timelines.beginHiding(one, from: user, at: 4)
        let early = timelines.beginArrival(of: user)
        timelines.note(one, at: 5, of: user, isMember: true)
        let late = timelines.beginArrival(of: user)
        _ = timelines.endHiding(one, from: user)
        #expect(timelines.endArrival(early, listed: [], at: .zero).rooms == [one])
        #expect(
            timelines.endArrival(late, listed: [.init(id: one, revision: 5, lastSeq: 1)], at: .zero).rooms == [one])
    }

    @Test func whatIsShownAgainIsJoined() {
        var timelines = Timelines<Int>()
        let position = ConversationPosition(id: one, revision: 4, lastSeq: 2)
        let arrival = timelines.beginArrival(of: user)
        _ = timelines.beginHiding(one, from: user, at: 4)
        _ = timelines.endHiding(one, from: user)
        _ = timelines.show(position, to: user, at: .zero)
        #expect(timelines.applied(one) == 4)
        #expect(timelines.endArrival(arrival, listed: [], at: .zero).rooms == [one])
    }

    /// Nobody knows whether a snapshot that was read meanwhile still shows what is hidden now.
    @Test func aSnapshotThatIsReadDuringAHidingCountsForNothing() {
        var timelines = Timelines<Int>()
        timelines.follow(.init(id: one, revision: 4, lastSeq: 0), at: .zero)
        let snapshot = Timeline<Int>.Snapshot(
            revision: 4, lastSeq: 0, departures: 1, arrivals: 2, beginning: 3, others: nil, messages: [])
        func reads(_ actions: Timelines<Int>.Actions) -> [Timeline<Int>.Read] {
            actions.compactMap { if case .read(let read) = $0 { read } else { nil } }
        }
        let first = reads(timelines.reread(one))
        let second = reads(timelines.beginHiding(one, from: user, at: 4))
        let members: Set = [user]
        #expect(first.count == 1 && second.count == 1)
        for read in first + second {
            #expect(timelines.finishRead(read, snapshot, members: members, in: one, at: .zero).isEmpty)
        }
        #expect(timelines.endHiding(one, from: user).isEmpty, "the next reading is due later")
        let third = timelines.advance(to: .seconds(1)).flatMap { reads($0.actions) }
        #expect(third.count == 1)
        #expect(third.flatMap { timelines.finishRead($0, snapshot, members: [], in: one, at: .seconds(1)) }.count == 2)
    }

    @Test func aDeviceThatWentLeavesNothing() {
        var timelines = Timelines<Int>()
        let arrival = timelines.beginArrival(of: user)
        timelines.cancelArrival(arrival)
        timelines.note(one, at: 5, of: user, isMember: true)
        #expect(timelines.endArrival(arrival, listed: [], at: .zero).reads.isEmpty)
    }
}
