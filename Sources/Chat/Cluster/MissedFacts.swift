import ChatModel
import ChatStore
import Synchronization

/// Tells this server's people again what changed without a revision, when another server may have told it in vain: profiles,
/// settings and blocks. Whoever is told twice changes nothing. A block that was lifted leaves nothing to find it by: that is
/// known when a device connects again.
final class MissedFacts: Sendable {
    private let users: UserStore
    private let attention: AttentionStore
    private let blocks: BlockStore
    private let sync: SyncStore
    private let profiles: ProfileAnnouncements
    private let presence: Presence
    private let local: any EventSink
    private let horizon = Mutex(FactHorizon())
    private let start = ContinuousClock.now

    /// How many people's profiles are read at a time.
    private static let batch = 128
    private static let period: Duration = .seconds(5)

    /// - Parameters:
    ///   - profiles: Tells only this server's people.
    ///   - local: As well.
    init(stores: Stores, profiles: ProfileAnnouncements, presence: Presence, local: any EventSink) {
        users = stores.users
        attention = stores.attention
        blocks = stores.blocks
        sync = stores.lists.sync
        self.profiles = profiles
        self.presence = presence
        self.local = local
    }

    private var now: Duration { ContinuousClock.now - start }

    /// From which transaction on something may have been missed.
    var since: Int? { horizon.withLock { $0.transaction(at: now) } }

    /// Until the task is cancelled. Also while there is no other server: the first one comes unannounced.
    func run() async {
        repeat {
            if horizon.withLock({ $0.isDue(at: now) }) { try? await look() }
        } while (try? await Task.sleep(for: Self.period)) != nil
    }

    /// Notes which transactions are over by now.
    func look() async throws {
        let now = now
        let moment = try await sync.now()
        horizon.withLock { $0.note(moment.transaction, at: now) }
    }

    /// Tells these people, who are connected here, what they changed elsewhere.
    func tell(_ people: [UserID], since transaction: Int) async throws {
        for found in try await attention.changed(by: people, since: transaction) {
            local.deliver(.attentionChanged(found.attention, in: found.conversation, for: found.user))
        }
        // All at once, because a block has no revision: by the time others have been parted, this one may be lifted.
        let added = try await blocks.added(by: people, since: transaction)
        for block in added { local.deliver(.blocked(block.other, by: block.user, isBlocked: true)) }
        for block in added { try await presence.part(block.user, block.other) }
    }

    func tellProfiles(since transaction: Int) async throws {
        var last: UserID?
        while true {
            let changed = try await users.changed(since: transaction, past: last, limit: Self.batch)
            guard let end = changed.last else { return }
            try await profiles.changed(changed)
            guard changed.count == Self.batch else { return }
            last = end
        }
    }
}
