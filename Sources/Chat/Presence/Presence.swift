public import ChatModel
import ChatStore
import ClusterBus
public import Foundation
import Logging
import NIOCore
import Synchronization

/// Who is online: at this server, with how many devices, and at the others. The database is written to when somebody comes or
/// goes; after a crash it tells who was connected.
public final class Presence: Sendable {
    private struct State {
        /// Of those who are connected here.
        var devices: [UserID: Int] = [:]
        var everywhere = PresenceOverNodes(own: 0)
        /// Those who went here and are nowhere else, and of whom that is still to be told. Who goes elsewhere as their last
        /// device here is gone is told of there.
        var departing: Set<UserID> = []
        /// Whether this server sends its sockets to others.
        var isSendingAway = false
        /// Arrivals that could not be written. They are written after the next renewal of the server's lease.
        var unrecorded: Set<UserID> = []
        /// Those who were not connected here when the table was read last, although it said so.
        var superfluous: Set<UserID> = []
        /// What this server's people could not be told of who is online.
        var untold = PresenceNews.Untold()
    }

    private let state = Mutex(State())
    /// Departures that could not be announced. They are announced after the next renewal of the server's lease.
    private let unannounced = Mutex<[UserID: Date]>([:])
    /// Departures that were announced, but not written because the user's row was locked.
    private let unwritten = Mutex<[UserID: Date]>([:])
    /// Arrivals and departures, written in their order, so that the last one counts. The answer says whether the change
    /// was not written because the user's row was locked.
    private let changes: BatchedQuery<PresenceStore.Change, Bool>
    private let neighbors: BatchedQuery<UserID, ConversationStore.Neighbors>
    private let news: PresenceNews
    /// What is to be told next. What comes meanwhile is joined.
    private let telling = Batcher<PresenceNews.Untold, PresenceNews.Untold>(.init()) { waiting in
        var news = PresenceNews.Untold()
        swap(&news, &waiting)
        return news.isEmpty ? nil : news
    }
    private let conversations: ConversationStore
    private let store: PresenceStore
    private let nodes: Nodes
    private let bus: (any Bus)?
    private let events: any EventSink
    private let logger: Logger
    private let start = ContinuousClock.now

    init(stores: Stores, nodes: Nodes, bus: (any Bus)? = nil, events: any EventSink, logger: Logger) {
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
        news = PresenceNews(neighbors: neighbors, events: events)
        self.conversations = conversations
        self.store = store
        self.nodes = nodes
        self.bus = bus
        self.events = events
        self.logger = logger
        nodes.onRenewal { [weak self] in await self?.settle() }
        nodes.onEpoch { [weak self] identity in
            self?.begin(as: identity.number)
            self?.recordAll()
        }
    }

    /// At any server.
    public func isOnline(_ user: UserID) -> Bool { state.withLock { $0.everywhere.isOnline(user) } }

    func online(among users: [UserID]) -> [UserID] {
        state.withLock { state in users.filter { state.everywhere.isOnline($0) } }
    }

    /// Those who are connected to this server.
    func here(among users: [UserID]) -> [UserID] {
        state.withLock { state in users.filter { state.devices[$0] != nil } }
    }

    /// Everybody who is connected to this server.
    var here: [UserID] { state.withLock { Array($0.devices.keys) } }

    /// How many people are online.
    public var count: Int { state.withLock { $0.everywhere.count } }

    /// A device of `user` connected. It is counted at once, so a disconnect that arrives before the announcement is
    /// still counted.
    /// - Returns: Whether it is the user's first device, at any server.
    public func enter(_ user: UserID) -> Bool {
        state.withLock { state in
            state.devices[user, default: 0] += 1
            guard state.devices[user] == 1 else { return false }
            state.departing.remove(user)
            record(user)
            tell("+\(user)")
            return state.everywhere.enter(user) != nil
        }
    }

    /// Tells the other servers. What is lost is in the table.
    private func tell(_ word: String) {
        guard let bus, !bus.isAlone else { return }
        bus.publish(BusEvent(.presence, payload: ByteBuffer(string: word)))
    }

    /// Nobody waits for this. It is read by the other servers, and after a crash, to date the departure of those who were
    /// online.
    private func record(_ user: UserID) {
        changes.submit(.came(user)) { [weak self, logger] result in
            guard case .failure(let error) = result, let self else { return }
            logger.debug("an arrival is recorded later", metadata: ["error": "\(error)"])
            // Not here: this may be called with the lock held.
            Task { self.state.withLock { _ = $0.unrecorded.insert(user) } }
        }
    }

    /// The server was taken for dead, and with it went the rows of everybody who is connected to it.
    private func recordAll() {
        state.withLock { state in
            for user in state.devices.keys { record(user) }
        }
    }

    /// From now on whoever goes is about to come to another server, or not any more.
    public func sendAway(_ isSendingAway: Bool) { state.withLock { $0.isSendingAway = isSendingAway } }

    /// A device of `user` disconnected.
    /// - Returns: Whether it was the user's last device here.
    public func leave(_ user: UserID) -> Bool {
        state.withLock { state in
            guard let count = state.devices[user] else { return false }
            state.devices[user] = count == 1 ? nil : count - 1
            guard count == 1 else { return false }
            if state.isSendingAway {
                state.everywhere.move(user, at: now)
            } else if state.everywhere.leave(user) != nil {
                state.departing.insert(user)
            }
            // A server of an older version takes every other mark for a departure.
            tell(state.isSendingAway ? "~\(user)" : "-\(user)")
            return true
        }
    }

    /// The people who are told when `user` comes or goes, and those of whom `user` is told.
    func neighbors(of user: UserID) async throws -> ConversationStore.Neighbors { try await neighbors(user) }

    /// Tells those who share a conversation with `user` that the user is online, if it is their first device.
    /// - Returns: Which of those people are online.
    public func announceArrival(of user: UserID, first: Bool) async throws -> [UserID] {
        let neighbors: ConversationStore.Neighbors
        do {
            neighbors = try await self.neighbors(user)
        } catch {
            // The device is sent away. Another one may stay.
            if first { state.withLock { $0.untold.add(.init(toAll: [user: .online])) } }
            throw error
        }
        // If the user left again meanwhile, the departure is announced by itself.
        if first, isOnline(user) {
            let audience = here(among: neighbors.told)
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
            let present = here(among: try await neighbors(user).told)
            let isGone = state.withLock { state in
                state.departing.remove(user) != nil && !state.everywhere.isOnline(user)
            }
            guard isGone else { return }
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
            state.withLock { state in
                guard state.devices[user] == nil else { return continuation.resume(returning: .isBack) }
                changes.submit(.left(user, now)) { continuation.resume(with: $0.map { $0 ? .isLocked : .recorded }) }
            }
        }
    }

    /// Takes over from a server of an older version that crashed. Called before the first connection.
    func begin() async throws {
        try await store.takeOver()
        begin(as: nodes.identity.number)
    }

    private func begin(as node: UInt16) {
        state.withLock { state in
            guard !state.everywhere.isOf(node) else { return }
            state.everywhere = PresenceOverNodes(own: node)
            for user in state.devices.keys { _ = state.everywhere.enter(user) }
        }
    }

    // MARK: Other servers

    private var now: Duration { ContinuousClock.now - start }

    /// Another server told who came and went.
    func hear(_ words: [String], on node: UInt16, counter: UInt64) {
        let now = now
        let news = state.withLock { state in
            words.compactMap { word -> PresenceOverNodes.News? in
                guard let user = UserID(word.dropFirst()) else { return nil }
                let change: PresenceOverNodes.Change =
                    switch word.first {
                    case "+": .came
                    case "~": .isMoving
                    default: .left
                    }
                return state.everywhere.hear(user, change, on: node, counter: counter, at: now)
            }
        }
        announce(news)
    }

    /// A server has begun a new life.
    func begin(_ node: UInt16) { state.withLock { $0.everywhere.begin(node, at: now) } }

    /// A server has stopped, and its people are about to come to others.
    func stop(_ node: UInt16) { state.withLock { $0.everywhere.stop(node, at: now) } }

    func die(_ node: UInt16) { state.withLock { $0.everywhere.die(node, at: now) } }

    /// Reads who is connected to the other servers.
    /// - Parameter dead: Servers that count for nothing, although the table has them.
    func load(without dead: Set<NodeIdentity>) async throws {
        let began = now
        let rows = try await store.rows()
        let living = rows.filter { !dead.contains($0.node) }.map {
            PresenceOverNodes.Row(user: $0.user, node: $0.node.number)
        }
        let own = nodes.identity
        let recorded = Set(rows.lazy.filter { $0.node == own }.map(\.user))
        let unwritten = unwritten.withLock { Set($0.keys) }
        announce(
            state.withLock { state in
                // A row that could not be written while the user's was locked.
                for user in state.devices.keys where !recorded.contains(user) { record(user) }
                // One that could not be removed. What was under way at one reading is over at the next.
                // Whoever is about to be written as gone has gone before now.
                let superfluous = recorded.filter {
                    state.devices[$0] == nil && !state.departing.contains($0) && !unwritten.contains($0)
                }
                for user in superfluous.intersection(state.superfluous) { changes.submit(.left(user, Date())) { _ in } }
                state.superfluous = superfluous
                return state.everywhere.load(living, readingBegan: began, at: now)
            })
    }

    /// Lets those go whose time has come.
    /// - Returns: Whether the table is to be read.
    func advance() -> Bool {
        let now = now
        let (news, reloads) = state.withLock { state in
            (state.everywhere.advance(to: now), state.everywhere.reloading.map { $0 <= now } ?? false)
        }
        announce(news)
        return reloads
    }

    /// Tells this server's people of others who came or went elsewhere.
    private func announce(_ news: [PresenceOverNodes.News]) {
        guard !news.isEmpty else { return }
        let now = Date()
        var changed: [UserID: PresenceNews.Status] = [:]
        for (user, isArrival) in news.map(\.subject) { changed[user] = isArrival ? .online : .offline(since: now) }
        announce(PresenceNews.Untold(toAll: changed))
    }

    private func announce(_ untold: PresenceNews.Untold) {
        guard !untold.isEmpty, !state.withLock({ $0.devices.isEmpty }) else { return }
        telling.submit {
            $0.add(untold)
            return true
        } work: { [self] in
            let failed = await news.tell($0, presence: self)
            guard !failed.isEmpty else { return }
            logger.debug("who is online is told later")
            state.withLock { $0.untold.add(failed) }
        }
    }

    /// Announces and writes what could not be, now that the database can be written to.
    func settle() async {
        let untold = state.withLock { state -> PresenceNews.Untold in
            for user in state.unrecorded where state.devices[user] != nil { record(user) }
            state.unrecorded = []
            defer { state.untold = .init() }
            state.untold.update(at: Date()) { state.everywhere.isOnline($0) }
            return state.untold
        }
        announce(untold)
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
    func part(_ one: UserID, _ other: UserID) async throws {
        guard let near = try await conversations.neighbors(of: [one])[one] else { return }
        tell(of: one, other, as: .offline, near)
    }

    /// Tells each whether the other is online, unless a block still keeps them apart.
    func reunite(_ one: UserID, _ other: UserID) async throws {
        guard isOnline(one), isOnline(other) else { return }
        tell(of: one, other, as: .online, try await neighbors(one))
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
