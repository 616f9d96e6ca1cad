public import Foundation
import Logging
import Synchronization

/// Who is connected, by how many devices. Costs the database nothing while people stay: it is told when somebody comes
/// and when they have gone, and of the server that it is alive.
public final class Presence: Sendable {
    private let devices = Mutex<[UserID: Int]>([:])
    /// Departures that the database could not be told of; tried again with the lease.
    private let unannounced = Mutex<[UserID: Date]>([:])
    /// One coming or going of a user at a time, so that the last one is what stays written.
    private let turns = KeyedLock<UserID>()
    private let conversations: ConversationStore
    private let store: PresenceStore
    private let events: any EventSink
    private let logger: Logger

    /// How often the server says that it is alive: after a crash, people's `lastSeenAt` is right within this.
    private static let leasePeriod: Duration = .seconds(10)

    init(conversations: ConversationStore, store: PresenceStore, events: any EventSink, logger: Logger) {
        self.conversations = conversations
        self.store = store
        self.events = events
        self.logger = logger
    }

    public func isOnline(_ user: UserID) -> Bool { devices.withLock { $0[user] != nil } }

    func online(among users: [UserID]) -> [UserID] {
        devices.withLock { devices in users.filter { devices[$0] != nil } }
    }

    public var count: Int { devices.withLock { $0.count } }

    /// A device of `user` connected: counted at once, so that a going that overtakes the telling is counted as well.
    /// - Returns: whether it is the first.
    public func enter(_ user: UserID) -> Bool {
        devices.withLock { devices in
            devices[user, default: 0] += 1
            return devices[user] == 1
        }
    }

    /// A device of `user` disconnected. Returns whether it was the last.
    public func leave(_ user: UserID) -> Bool {
        devices.withLock { devices in
            guard let count = devices[user] else { return false }
            devices[user] = count == 1 ? nil : count - 1
            return count == 1
        }
    }

    /// Who of those that should know of `user` is online; they are told if it is the user's first device.
    public func announceArrival(of user: UserID, first: Bool) async throws -> [UserID] {
        if first { try await turns.withLock(user) { try await store.enter(user) } }
        let present = online(among: try await conversations.audience(of: user))
        // Gone again while the question was asked: its going is told by itself.
        if first, isOnline(user) {
            events.deliver(.userStatus(user: user, status: .online, lastSeenAt: nil, audience: present))
        }
        return present
    }

    /// With the last device the user goes offline.
    public func announceDeparture(of user: UserID, now: Date = Date()) async {
        do {
            try await turns.withLock(user) {
                // Back already: nothing to tell.
                guard !isOnline(user) else { return }
                try await store.leave(user, seen: now)
                let present = online(among: try await conversations.audience(of: user))
                guard !isOnline(user) else { return }
                events.deliver(.userStatus(user: user, status: .offline, lastSeenAt: now, audience: present))
            }
        } catch {
            logger.debug("a departure is recorded later", metadata: ["error": "\(error)"])
            unannounced.withLock { $0[user] = now }
        }
    }

    /// Takes over from a server that ended without saying good-bye. Before the first connection.
    func begin() async throws { try await store.takeOver() }

    /// Says that the server is alive, until the task is cancelled.
    func keepLease() async {
        while (try? await Task.sleep(for: Self.leasePeriod)) != nil { await renewLease() }
        // Not cancelled with this task: it dates the departures that the stop leaves unwritten.
        await Task { await renewLease() }.value
    }

    private func renewLease() async {
        do {
            try await store.renewLease()
        } catch {
            logger.warning("the presence lease cannot be renewed", metadata: ["error": "\(error)"])
            return
        }
        let departures = unannounced.withLock { departures in
            defer { departures = [:] }
            return departures
        }
        for (user, date) in departures { await announceDeparture(of: user, now: date) }
    }

    /// Adds what others are shown of a person: whether they are there, and since when not.
    func describe(_ user: inout User) {
        let online = isOnline(user.id)
        user.status = online ? .online : .offline
        if online { user.lastSeenAt = nil }
    }

    func describe(_ conversation: inout Conversation) {
        for index in conversation.members.indices { describe(&conversation.members[index].user) }
    }
}
