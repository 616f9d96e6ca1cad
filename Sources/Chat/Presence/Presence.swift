public import ChatModel
import ChatStore
public import Foundation
import Logging
import Synchronization

/// Who is connected, by how many devices. Costs the database nothing while people stay: it is told when somebody comes
/// and when they have gone, and of the server that it is alive.
public final class Presence: Sendable {
    private let devices = Mutex<[UserID: Int]>([:])
    /// Departures that could not be announced; tried again with the lease.
    private let unannounced = Mutex<[UserID: Date]>([:])
    /// Departures that were announced, and not written because somebody holds the user's row.
    private let unwritten = Mutex<[UserID: Date]>([:])
    /// Comings and goings, written in their order, so that the last one is what stays.
    /// Whether the user's row was locked, and the change could not be written.
    private let changes: BatchedQuery<PresenceStore.Change, Bool>
    private let audiences: BatchedQuery<UserID, [UserID]>
    private let conversations: ConversationStore
    private let store: PresenceStore
    private let events: any EventSink
    private let logger: Logger

    /// How often the server says that it is alive: after a crash, people's `lastSeenAt` is right within this.
    private static let leasePeriod: Duration = .seconds(10)

    init(
        conversations: ConversationStore, blocks: BlockStore, store: PresenceStore, events: any EventSink,
        logger: Logger
    ) {
        changes = BatchedQuery(isOrdered: true, missing: false) { changes in
            let locked = try await store.write(changes)
            return Dictionary(
                changes.filter { locked.contains($0.user) }.map { ($0, true) }, uniquingKeysWith: { first, _ in first })
        }
        audiences = BatchedQuery(missing: []) { users in
            let apart = try await blocks.apart(from: users)
            var audiences = try await conversations.audiences(of: users)
            for (user, others) in apart { audiences[user]?.removeAll(where: others.contains) }
            return audiences
        }
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
            guard devices[user] == 1 else { return false }
            // Nobody waits for it: it only dates the going of those who were here when the server ends by a crash.
            changes.submit(.came(user)) { [logger] result in
                guard case .failure(let error) = result else { return }
                logger.debug("a coming was not recorded", metadata: ["error": "\(error)"])
            }
            return true
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
        let present = online(among: try await audiences(user))
        // Gone again while the question was asked: its going is told by itself.
        if first, isOnline(user) {
            events.deliver(.userStatus(user: user, status: .online, lastSeenAt: nil, audience: present))
        }
        return present
    }

    /// With the last device the user goes offline.
    public func announceDeparture(of user: UserID, now: Date = Date()) async {
        do {
            switch try await recordDeparture(of: user, now: now) {
            case .isBack: return
            case .recorded: break
            // They are told all the same; it is written later.
            case .isLocked: unwritten.withLock { $0[user] = now }
            }
            let present = online(among: try await audiences(user))
            guard !isOnline(user) else { return }
            events.deliver(.userStatus(user: user, status: .offline, lastSeenAt: now, audience: present))
        } catch {
            logger.debug("a departure is recorded later", metadata: ["error": "\(error)"])
            unannounced.withLock { $0[user] = now }
        }
    }

    private enum Departure {
        case recorded, isLocked
        /// The user is online again: nothing to tell.
        case isBack
    }

    private func recordDeparture(of user: UserID, now: Date) async throws -> Departure {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Departure, any Error>) in
            // Under the lock that counts the devices: what is written last is what is so.
            devices.withLock { devices in
                guard devices[user] == nil else { return continuation.resume(returning: .isBack) }
                changes.submit(.left(user, now)) { continuation.resume(with: $0.map { $0 ? .isLocked : .recorded }) }
            }
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
        for (user, date) in unwritten.withLock({ $0 }) {
            guard let departure = try? await recordDeparture(of: user, now: date), departure != .isLocked else {
                continue
            }
            unwritten.withLock { if $0[user] == date { $0[user] = nil } }
        }
    }

    /// Adds what others are shown of a person: whether they are there, and since when not.
    /// - Parameter apart: Those of whom the one who asks is to see neither (`BlockStore.apart`).
    func describe(_ user: inout User, apart: Set<UserID>) {
        let hidden = apart.contains(user.id)
        let online = !hidden && isOnline(user.id)
        user.status = online ? .online : .offline
        if online || hidden { user.lastSeenAt = nil }
    }

    func describe(_ conversation: inout Conversation, apart: Set<UserID>) {
        for index in conversation.members.indices { describe(&conversation.members[index].user, apart: apart) }
    }

    // MARK: Blocks

    /// To each other the two are away from now on. Strangers, who were not told anything, are not told this either.
    func part(_ one: UserID, _ other: UserID) async {
        guard let near = try? await conversations.audiences(of: [one])[one], near.contains(other) else { return }
        for (user, audience) in [(one, other), (other, one)] where isOnline(user) {
            events.deliver(.userStatus(user: user, status: .offline, lastSeenAt: nil, audience: [audience]))
        }
    }

    /// Each is told if the other is there, unless a block still keeps them apart. What cannot be told now is known when
    /// they connect again.
    func reunite(_ one: UserID, _ other: UserID) async {
        guard isOnline(one), isOnline(other), let audience = try? await audiences(one), audience.contains(other) else {
            return
        }
        events.deliver(.userStatus(user: one, status: .online, lastSeenAt: nil, audience: [other]))
        events.deliver(.userStatus(user: other, status: .online, lastSeenAt: nil, audience: [one]))
    }
}
