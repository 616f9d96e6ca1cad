import ChatModel
import ChatStore
import ChatTesting
import Foundation
import Testing

@testable import Chat

@Suite struct PresenceNewsTests {
    private struct Told: Hashable {
        var user: UserID
        var status: User.Status
        var audience: Set<UserID>
    }

    private func told(_ test: TestChat) -> [Told] {
        test.events.take().compactMap {
            guard case .userStatus(let user, let status, _, let audience) = $0 else { return nil }
            return Told(user: user, status: status, audience: Set(audience))
        }
    }

    private struct Failure: Error {}

    /// Each of `people` has `other` as a neighbor, and the other way round. Whoever asks for `failing` is not answered.
    private func news(
        _ test: TestChat, around other: UserID, _ people: [UserID], failing: UserID
    ) -> PresenceNews {
        let neighbors = BatchedQuery<UserID, ConversationStore.Neighbors>(maxBatch: 5000, missing: .init()) { users in
            if users.contains(failing) { throw Failure() }
            return Dictionary(
                users.map { user in
                    var near = ConversationStore.Neighbors()
                    near.told = user == other ? people : [other]
                    near.heard = near.told
                    return (user, near)
                }, uniquingKeysWith: { first, _ in first })
        }
        return PresenceNews(neighbors: neighbors, events: test.events)
    }

    @Test func onlyWhatCouldNotBeReadIsToldAgain() async throws {
        try await TestChat.run { test in
            let presence = test.chat.presence
            let people = (0...PresenceNews.maxAsked).map { _ in UserID.make() }
            let ana = people[0]
            for person in people { _ = presence.enter(person) }
            let news = news(test, around: ana, people, failing: people[1])
            let changed = Dictionary(uniqueKeysWithValues: people.map { ($0, PresenceNews.Status.online) })
            let failed = await news.tell(.init(toAll: changed), presence: presence)
            #expect(failed.toAll[people[1]] == .online && failed.people.isEmpty)
            #expect([1, PresenceNews.maxAsked].contains(failed.toAll.count))
            let others = Set(people).subtracting(failed.toAll.keys)
            #expect(Set(told(test).map(\.user)) == others, "whoever was read for is told of")
        }
    }

    /// There are more who came than are here: only those here who could not be told are told again.
    @Test func onlyThoseWhoCouldNotBeToldAreToldAgain() async throws {
        try await TestChat.run { test in
            let presence = test.chat.presence
            let people = (0...PresenceNews.maxAsked).map { _ in UserID.make() }
            let bo = UserID.make()
            for person in people { _ = presence.enter(person) }
            let came = [bo] + people.map { _ in UserID.make() }
            presence.hear(came.map { "+\($0)" }, on: 2, counter: 1)
            let news = news(test, around: bo, people, failing: people[1])
            _ = test.events.take()
            let changed = Dictionary(uniqueKeysWithValues: came.map { ($0, PresenceNews.Status.online) })
            let failed = await news.tell(.init(toAll: changed), presence: presence)
            #expect(failed.toAll.isEmpty && failed.people.contains(people[1]))
            let audience = told(test).filter { $0.user == bo }.reduce(into: Set()) { $0.formUnion($1.audience) }
            #expect(audience == Set(people).subtracting(failed.people))
            let again = self.news(test, around: bo, people, failing: .make())
            #expect(await again.tell(failed, presence: presence).isEmpty)
            #expect(told(test).map(\.audience) == [failed.people])
        }
    }

    /// What could not be told is told later, and says when somebody went.
    @Test func whoWentIsToldOfWithTheMomentOfGoing() async throws {
        try await TestChat.run { test in
            let presence = test.chat.presence
            let (ana, bo, came) = (UserID.make(), UserID.make(), UserID.make())
            _ = presence.enter(ana)
            let went = Date(timeIntervalSince1970: 1_800_000_000)
            var untold = PresenceNews.Untold()
            for failure in [ana, bo] {
                // Two are told of, so that it asks for the neighbors of those who are here, and one, so that it does not.
                var changed = [bo: PresenceNews.Status.offline(since: went)]
                if failure == ana { changed[.make()] = .offline(since: went) }
                untold.add(
                    await news(test, around: bo, [ana], failing: failure).tell(
                        .init(toAll: changed), presence: presence))
            }
            #expect(untold.people == [ana] && untold.toAll == [bo: .offline(since: went)])
            untold.add(.init(toAll: [came: .online]))
            untold.update(at: went + 60) { _ in false }
            #expect(untold.toAll == [bo: .offline(since: went), came: .offline(since: went + 60)])
            _ = test.events.take()
            #expect(await news(test, around: bo, [ana], failing: .make()).tell(untold, presence: presence).isEmpty)
            let moments = test.events.take().compactMap { event -> Date? in
                guard case .userStatus(bo, .offline, let moment, _) = event else { return nil }
                return moment
            }
            #expect(moments == [went, went])
        }
    }

    /// Who came and went again since, and could not be told of either, went when they went last.
    @Test func theLastMomentOfGoingCounts() {
        let (ana, first) = (UserID.make(), Date(timeIntervalSince1970: 1_800_000_000))
        var untold = PresenceNews.Untold(toAll: [ana: .offline(since: first + 9)])
        untold.add(.init(toAll: [ana: .online]))
        untold.add(.init(toAll: [ana: .offline(since: first)]))
        untold.update(at: first + 60) { _ in false }
        #expect(untold.toAll == [ana: .offline(since: first + 9)])
        untold.update(at: first + 60) { _ in true }
        #expect(untold.toAll[ana]?.isOnline == true)
    }

    /// Whether it asks for the neighbors of those who changed, or of those who are here, the same people are told.
    @Test func whoIsHereIsToldOfThoseElsewhere() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(5)
            let (ana, bo, cleo) = (people[0], people[1], people[2])
            for other in [bo, cleo] { _ = try await test.database.direct(ana, other) }
            let presence = test.chat.presence
            _ = presence.enter(ana)
            presence.hear(people.dropFirst().map { "+\($0)" }, on: 2, counter: 1)
            let expected = [bo, cleo].map { Told(user: $0, status: .online, audience: [ana]) }
            var heard: [Told] = []
            while heard.count < expected.count {
                heard += told(test)
                await Task.yield()
            }
            #expect(Set(heard) == Set(expected))
            presence.hear(["-\(bo)"], on: 2, counter: 2)
            heard = []
            while heard.isEmpty {
                heard += told(test)
                await Task.yield()
            }
            #expect(heard == [Told(user: bo, status: .offline, audience: [ana])])
        }
    }
}
