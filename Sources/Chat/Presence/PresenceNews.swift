import ChatModel
import ChatStore
import Foundation

/// Tells this server's people who came and went at other servers.
struct PresenceNews: Sendable {
    let neighbors: BatchedQuery<UserID, ConversationStore.Neighbors>
    let events: any EventSink

    /// For how many people's neighbors is asked at a time.
    static let maxAsked = 500

    /// Whether somebody is online, and if not, since when.
    struct Status: Sendable, Equatable {
        var isOnline: Bool
        /// When they went, or had gone before they came.
        var wentAt: Date?

        static let online = Status(isOnline: true)

        static func offline(since date: Date) -> Status { Status(isOnline: false, wentAt: date) }

        /// What is told later counts, but for the moment of going, which is the last.
        fileprivate static func join(_ one: Status, _ other: Status) -> Status {
            Status(isOnline: other.isOnline, wentAt: [one.wentAt, other.wentAt].compactMap { $0 }.max())
        }

        fileprivate mutating func update(_ isOnline: Bool, at now: Date) {
            self.isOnline = isOnline
            if !isOnline, wentAt == nil { wentAt = now }
        }
    }

    /// What this server's people are to be told: who came or went, and whether they are online now.
    struct Untold: Sendable {
        /// Of whom everybody is to be told.
        var toAll: [UserID: Status] = [:]
        /// Those who could not be told of others, and of whom.
        var people: Set<UserID> = []
        var toPeople: [UserID: Status] = [:]

        var isEmpty: Bool { toAll.isEmpty && people.isEmpty }

        mutating func add(_ other: Untold) {
            toAll.merge(other.toAll, uniquingKeysWith: Status.join)
            people.formUnion(other.people)
            toPeople.merge(other.toPeople, uniquingKeysWith: Status.join)
        }

        /// They may have come or gone since.
        mutating func update(at now: Date, _ isOnline: (UserID) -> Bool) {
            for user in toAll.keys { toAll[user]?.update(isOnline(user), at: now) }
            for user in toPeople.keys { toPeople[user]?.update(isOnline(user), at: now) }
        }
    }

    /// Asks for the neighbors of those who changed, or of those who are here: whoever are fewer. A server that hears of
    /// everybody at once must not ask for everybody's neighbors. It asks for some, tells what it knows then, and goes on with
    /// the next. What has changed again since is not told.
    /// - Returns: What could not be told.
    func tell(_ news: Untold, presence: Presence) async -> Untold {
        var failed = Untold()
        let here = presence.here
        if news.toAll.count <= here.count {
            for users in slices(Array(news.toAll.keys)) {
                let changed = news.toAll.filter { users.contains($0.key) }
                do {
                    tell(changed, to: try await around(users), presence)
                } catch {
                    failed.toAll.merge(changed) { $1 }
                }
            }
        } else {
            await tell(here, of: news.toAll, presence, &failed)
        }
        await tell(presence.here(among: Array(news.people)), of: news.toPeople, presence, &failed)
        return failed
    }

    private func slices(_ users: [UserID]) -> [Set<UserID>] {
        stride(from: 0, to: users.count, by: Self.maxAsked).map {
            Set(users[$0..<min($0 + Self.maxAsked, users.count)])
        }
    }

    private func tell(
        _ people: [UserID], of changed: [UserID: Status], _ presence: Presence, _ failed: inout Untold
    ) async {
        for people in slices(people) {
            do {
                tell(changed, to: try await around(people, hearing: changed), presence)
            } catch {
                failed.add(Untold(people: people, toPeople: changed))
            }
        }
    }

    private func tell(_ changed: [UserID: Status], to audiences: [UserID: [UserID]], _ presence: Presence) {
        for (user, status) in changed where presence.isOnline(user) == status.isOnline {
            guard let near = audiences[user] else { continue }
            let audience = presence.here(among: near)
            guard !audience.isEmpty else { continue }
            events.deliver(
                .userStatus(
                    user: user, status: status.isOnline ? .online : .offline,
                    lastSeenAt: status.isOnline ? nil : status.wentAt, audience: audience))
        }
    }

    private func around(_ users: some Sequence<UserID>) async throws -> [UserID: [UserID]] {
        try await near(users).mapValues(\.told)
    }

    private func around(_ people: Set<UserID>, hearing changed: [UserID: Status]) async throws -> [UserID: [UserID]] {
        var audiences: [UserID: [UserID]] = [:]
        for (person, near) in try await near(people) {
            for user in near.heard where changed[user] != nil { audiences[user, default: []].append(person) }
        }
        return audiences
    }

    private func near(_ users: some Sequence<UserID>) async throws -> [UserID: ConversationStore.Neighbors] {
        try await withThrowingTaskGroup { tasks in
            for user in users { tasks.addTask { (user, try await neighbors(user)) } }
            return try await tasks.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
    }
}
