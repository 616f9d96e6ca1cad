import ChatModel
import ChatStore
import ChatTesting
import PostgresClient
import Testing

@testable import Chat

@Suite struct MissedFactsTests {
    private func facts(_ test: TestChat) -> MissedFacts {
        let (stores, presence) = (test.database.stores, test.chat.presence)
        return MissedFacts(
            stores: stores,
            profiles: ProfileAnnouncements(users: stores.users, presence: presence, events: test.events),
            presence: presence, local: test.events)
    }

    /// Another server stored all this, and told nobody.
    @Test func whatChangedWithoutARevisionIsTold() async throws {
        try await TestChat.run { test in
            let people = try await test.database.people(4)
            let (ana, bo, cy, di) = (people[0], people[1], people[2], people[3])
            let group = try await test.database.group(ana, bo)
            _ = test.chat.presence.enter(ana)
            try await test.database.client.query("UPDATE users SET about = 'before' WHERE id = \(bo)")
            try await test.database.client.query(
                "INSERT INTO blocks (blocker_id, blocked_id) VALUES (\(ana), \(di))")
            func told(by facts: MissedFacts) async throws -> Set<String> {
                let since = try #require(facts.since)
                try await facts.tell([ana, cy], since: since)
                try await facts.tellProfiles(since: since)
                return Set(
                    test.events.take().map { event in
                        switch event {
                        case .userUpdated(let user, let audience): "\(user.about ?? "") \(audience == [ana])"
                        case .attentionChanged(let attention, group, ana): "pinned \(attention.isPinned)"
                        case .blocked(cy, by: ana, isBlocked: true): "blocked"
                        default: "\(event)"
                        }
                    })
            }
            var facts = facts(test)
            #expect(facts.since == nil)
            _ = test.events.take()
            // As long as an older transaction is under way, what follows it is told, too.
            repeat {
                facts = self.facts(test)
                try await facts.look()
            } while try await !told(by: facts).isEmpty
            try await test.database.client.query("UPDATE users SET about = 'after' WHERE id = \(bo)")
            try await test.database.client.query(
                "UPDATE members SET pinned = true WHERE conversation_id = \(group) AND user_id = \(ana)")
            try await test.database.client.query(
                "INSERT INTO blocks (blocker_id, blocked_id) VALUES (\(ana), \(cy))")
            #expect(try await told(by: facts) == ["after true", "pinned true", "blocked"])
        }
    }
}
