public import ChatModel
import ChatStore
public import Foundation
import Logging
import Synchronization

/// Who is online at this server, and with how many devices. The database is written to when somebody comes or goes; after a
/// crash it tells who was connected.
public final class Presence: Sendable {
    private let devices = Mutex<[UserID: Int]>([:])
    /// Departures that could not be announced. They are announced after the next renewal of the server's lease.
    private let unannounced = Mutex<[UserID: Date]>([:])
    /// Departures that were announced, but not written because the user's row was locked.
    private let unwritten = Mutex<[UserID: Date]>([:])
    /// Arrivals and departures, written in their order, so that the last one counts. The answer says whether the change
    /// was not written because the user's row was locked.
    private let changes: BatchedQuery<PresenceStore.Change, Bool>
    private let neighbors: BatchedQuery<UserID, ConversationStore.Neighbors>
    private let conversations: ConversationStore
    private let store: PresenceStore
    private let events: any EventSink
    private let logger: Logger

    init(stores: Stores, nodes: Nodes, events: any EventSink, logger: Logger) {
        let (conversations, blocks, store) = (stores.lists.conversations, stores.blocks, stores.presence)
        changes = BatchedQuery(isOrdered: true, missing: false) { changes in
            let locked = try await store.write(changes, of: nodes.identity.epoch)
            return Dictionary(
                changes.filter { locked.contains($0.user) }.map { ($0, true) }, uniquingKeysWith: { first, _ in first })
        }
        neighbors = BatchedQuery(missing: .init()) { users in
            let apart = try await blocks.apart(from: users)
            var neighbors = try await conversations.neighbors(of: users)
            for (user, others) in apart { neighbors[user]?.remove(others) }
            return neighbors
        }
        self.conversations = conversations
        self.store = store
        self.events = events
        self.logger = logger
        nodes.onRenewal { [weak self] in await self?.settle() }
        nodes.onEpoch { [weak self] _ in self?.recordAll() }
    }

    public func isOnline(_ user: UserID) -> Bool { devices.withLock { $0[user] != nil } }

    func online(among users: [UserID]) -> [UserID] {
        devices.withLock { devices in users.filter { devices[$0] != nil } }
    }

    public var count: Int { devices.withLock { $0.count } }

    /// A device of `user` connected. It is counted at once, so a disconnect that arrives before the announcement is
    /// still counted.
    /// - Returns: Whether it is the user's first device.
    public func enter(_ user: UserID) -> Bool {
        devices.withLock { devices in
            devices[user, default: 0] += 1
            guard devices[user] == 1 else { return false }
            record(user)
            return true
        }
    }

    /// Nobody waits for this. It is read only after a crash, to date the departure of those who were online.
    private func record(_ user: UserID) {
        changes.submit(.came(user)) { [logger] result in
            guard case .failure(let error) = result else { return }
            logger.debug("an arrival was not recorded", metadata: ["error": "\(error)"])
        }
    }

    /// The server was taken for dead, and with it went the rows of everybody who is connected to it.
    private func recordAll() {
        devices.withLock { devices in
            for user in devices.keys { record(user) }
        }
    }

    /// A device of `user` disconnected.
    /// - Returns: Whether it was the user's last device.
    public func leave(_ user: UserID) -> Bool {
        devices.withLock { devices in
            guard let count = devices[user] else { return false }
            devices[user] = count == 1 ? nil : count - 1
            return count == 1
        }
    }

    /// The people who are told when `user` comes or goes, and those of whom `user` is told.
    func neighbors(of user: UserID) async throws -> ConversationStore.Neighbors { try await neighbors(user) }

    /// Tells those who share a conversation with `user` that the user is online, if it is their first device.
    /// - Returns: Which of those people are online.
    public func announceArrival(of user: UserID, first: Bool) async throws -> [UserID] {
        let neighbors = try await neighbors(user)
        // If the user left again meanwhile, the departure is announced by itself.
        if first, isOnline(user) {
            let audience = online(among: neighbors.told)
            events.deliver(.userStatus(user: user, status: .online, lastSeenAt: nil, audience: audience))
        }
        return online(among: neighbors.heard)
    }

    /// The user's last device is gone: the user is offline.
    public func announceDeparture(of user: UserID, now: Date = Date()) async {
        do {
            switch try await recordDeparture(of: user, now: now) {
            case .isBack: return
            case .recorded: break
            // The departure is announced all the same, and written later.
            case .isLocked: unwritten.withLock { $0[user] = now }
            }
            let present = online(among: try await neighbors(user).told)
            guard !isOnline(user) else { return }
            events.deliver(.userStatus(user: user, status: .offline, lastSeenAt: now, audience: present))
        } catch {
            logger.debug("a departure is recorded later", metadata: ["error": "\(error)"])
            unannounced.withLock { $0[user] = now }
        }
    }

    private enum Departure {
        case recorded, isLocked
        /// The user is online again, so there is nothing to announce.
        case isBack
    }

    private func recordDeparture(of user: UserID, now: Date) async throws -> Departure {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Departure, any Error>) in
            // Under the lock that counts the devices, so that the last change that is written is the current one.
            devices.withLock { devices in
                guard devices[user] == nil else { return continuation.resume(returning: .isBack) }
                changes.submit(.left(user, now)) { continuation.resume(with: $0.map { $0 ? .isLocked : .recorded }) }
            }
        }
    }

    /// Takes over from a server of an older version that crashed. Called before the first connection.
    func begin() async throws { try await store.takeOver() }

    /// Announces and writes what could not be, now that the database can be written to.
    func settle() async {
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

    /// Adds what others are shown of a user: whether they are online, or when they were last seen.
    /// - Parameter apart: The users of whom the viewer must see neither (`BlockStore.apart`).
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

    /// Each of the two is offline for the other from now on. Strangers are not told, as they were not told before.
    func part(_ one: UserID, _ other: UserID) async {
        guard let near = try? await conversations.neighbors(of: [one])[one] else { return }
        tell(of: one, other, as: .offline, near)
    }

    /// Tells each whether the other is online, unless a block still keeps them apart. If that fails, they learn of it
    /// when they connect again.
    func reunite(_ one: UserID, _ other: UserID) async {
        guard isOnline(one), isOnline(other), let near = try? await neighbors(one) else { return }
        tell(of: one, other, as: .online, near)
    }

    /// - Parameter near: The neighbors of `one`.
    private func tell(of one: UserID, _ other: UserID, as status: User.Status, _ near: ConversationStore.Neighbors) {
        if isOnline(one), near.told.contains(other) {
            events.deliver(.userStatus(user: one, status: status, lastSeenAt: nil, audience: [other]))
        }
        if isOnline(other), near.heard.contains(other) {
            events.deliver(.userStatus(user: other, status: status, lastSeenAt: nil, audience: [one]))
        }
    }
}
