import ChatModel
import Testing

@testable import Chat

@Suite struct PresenceOverNodesTests {
    private let ann = UserID.make()
    private let bob = UserID.make()
    private typealias Row = PresenceOverNodes.Row

    @Test func theFirstNodeAndTheLastAreNews() {
        var presence = PresenceOverNodes(own: 1)
        #expect(presence.enter(ann) == .online(ann))
        #expect(presence.hear(ann, .came, on: 2, counter: 1, at: .zero) == nil)
        #expect(presence.leave(ann) == nil)
        #expect(presence.isOnline(ann))
        #expect(presence.hear(ann, .left, on: 2, counter: 2, at: .zero) == .offline(ann))
        #expect(!presence.isOnline(ann) && presence.count == 0)
        #expect(presence.leave(ann) == nil)
    }

    /// Two nodes whose users' events cross see the same in the end.
    @Test func whatWasToldLaterCounts() {
        var presence = PresenceOverNodes(own: 1)
        #expect(presence.hear(ann, .left, on: 2, counter: 6, at: .zero) == nil)
        #expect(presence.hear(ann, .came, on: 2, counter: 5, at: .zero) == nil)
        #expect(!presence.isOnline(ann))
        #expect(presence.hear(ann, .came, on: 2, counter: 7, at: .zero) == .online(ann))
    }

    @Test func nobodyElseKnowsWhoIsHere() {
        var presence = PresenceOverNodes(own: 1)
        _ = presence.enter(ann)
        #expect(presence.hear(ann, .left, on: 1, counter: 1, at: .zero) == nil)
        presence.die(1, at: .zero)
        #expect(presence.deadline == nil)
        #expect(presence.load([Row(user: bob, node: 1)], readingBegan: .zero, at: .zero) == [])
        #expect(presence.isOnline(ann) && !presence.isOnline(bob))
    }

    // MARK: The table

    @Test func theTableSaysWhatWasMissed() {
        var presence = PresenceOverNodes(own: 1)
        #expect(presence.load([Row(user: ann, node: 2)], readingBegan: .zero, at: .zero) == [.online(ann)])
        #expect(presence.load([Row(user: ann, node: 3)], readingBegan: .zero, at: .zero) == [])
        #expect(
            presence.load([Row(user: bob, node: 3)], readingBegan: .zero, at: .zero) == [.online(bob), .offline(ann)])
        #expect(presence.reloading == nil)
    }

    @Test func theTableMayLagBehind() {
        var presence = PresenceOverNodes(own: 1)
        _ = presence.hear(ann, .came, on: 2, counter: 1, at: .seconds(5))
        _ = presence.hear(bob, .left, on: 2, counter: 2, at: .seconds(5))
        #expect(presence.load([Row(user: bob, node: 2)], readingBegan: .seconds(6), at: .seconds(6)) == [])
        #expect(presence.isOnline(ann) && !presence.isOnline(bob))
        #expect(presence.reloading == .seconds(16))
        // An event that was lost since then does not count for ever.
        #expect(
            presence.load([Row(user: bob, node: 2)], readingBegan: .seconds(16), at: .seconds(16))
                == [.online(bob), .offline(ann)])
        #expect(presence.reloading == nil)
    }

    // MARK: Nodes that go

    @Test func theUsersOfADeadNodeGoOneAfterTheOther() {
        var presence = PresenceOverNodes(own: 1)
        let users = (0..<1200).map { _ in UserID.make() }
        _ = presence.load(
            users.map { Row(user: $0, node: 2) } + [Row(user: ann, node: 3)], readingBegan: .zero, at: .zero)
        _ = presence.enter(users[0])
        presence.die(2, at: .seconds(20))
        #expect(presence.deadline == .seconds(20))
        var gone: [PresenceOverNodes.News] = []
        var now: Duration = .seconds(20)
        while let deadline = presence.deadline {
            now = max(now + .milliseconds(100), deadline)
            let news = presence.advance(to: now)
            #expect(news.count <= 510)
            gone += news
        }
        #expect(now >= .seconds(21))
        #expect(Set(gone) == Set(users.dropFirst().map { .offline($0) }))
        #expect(gone.count == 1199)
        #expect(presence.isOnline(users[0]) && presence.isOnline(ann))
    }

    @Test func theUsersOfANodeThatStopsHaveTimeToComeBack() {
        for isRestart in [false, true] {
            var presence = PresenceOverNodes(own: 1)
            for user in [ann, bob] { _ = presence.hear(user, .came, on: 2, counter: 9, at: .zero) }
            if isRestart { presence.begin(2, at: .seconds(1)) } else { presence.stop(2, at: .seconds(1)) }
            #expect(presence.advance(to: .seconds(10)) == [])
            #expect(presence.hear(ann, .came, on: isRestart ? 2 : 3, counter: 1, at: .seconds(10)) == nil)
            #expect(presence.advance(to: .seconds(12)) == [.offline(bob)])
            #expect(presence.isOnline(ann) && presence.deadline == nil)
        }
    }

    /// A node that stops sends its users to others, one after the other.
    @Test func whoseNodeSendsThemAwayHasTimeToGetToAnother() {
        var presence = PresenceOverNodes(own: 1)
        for user in [ann, bob] { _ = presence.hear(user, .came, on: 2, counter: 1, at: .zero) }
        for user in [ann, bob] {
            #expect(presence.hear(user, .isMoving, on: 2, counter: 2, at: .seconds(1)) == nil)
        }
        #expect(presence.deadline == .seconds(11))
        // Their rows are deleted at once, and the node dies.
        #expect(presence.load([], readingBegan: .seconds(2), at: .seconds(2)) == [])
        presence.die(2, at: .seconds(3))
        #expect(presence.advance(to: .seconds(4)) == [])
        #expect(presence.hear(ann, .came, on: 3, counter: 1, at: .seconds(5)) == nil)
        #expect(presence.isOnline(ann) && presence.isOnline(bob))
        #expect(presence.advance(to: .seconds(11)) == [.offline(bob)])
        #expect(presence.isOnline(ann) && presence.deadline == nil)
    }

    @Test func whoIsSentAwayFromHereHasTimeToo() {
        var presence = PresenceOverNodes(own: 1)
        for user in [ann, bob] { _ = presence.enter(user) }
        for user in [ann, bob] { presence.move(user, at: .seconds(1)) }
        #expect(presence.enter(ann) == nil, "no news to anybody")
        #expect(presence.load([], readingBegan: .seconds(2), at: .seconds(2)) == [])
        #expect(presence.advance(to: .seconds(10)) == [])
        #expect(presence.advance(to: .seconds(11)) == [.offline(bob)])
        #expect(presence.isOnline(ann) && presence.deadline == nil)
    }

    @Test func theTableBringsBackWhoseReturnWasMissed() {
        var presence = PresenceOverNodes(own: 1)
        for user in [ann, bob] { _ = presence.hear(user, .came, on: 2, counter: 9, at: .zero) }
        presence.begin(2, at: .seconds(1))
        let rows = [Row(user: ann, node: 2)]
        // Read before: it may be the former life's.
        #expect(presence.load(rows, readingBegan: .milliseconds(999), at: .seconds(2)) == [])
        #expect(presence.load(rows, readingBegan: .seconds(3), at: .seconds(4)) == [])
        #expect(presence.advance(to: .seconds(12)) == [.offline(bob)])
        #expect(presence.isOnline(ann))
    }
}
