import ChatModel
import ChatStore
import Logging

/// Carries out what moderators did in SQL: sends events, closes connections, deletes files.
///
/// The database's triggers queue every change in `moderation.changes` and notify. A notification is only a hint: we read
/// the queue at each one, and whenever the listening connection is new, and delete a row after acting on it. So nothing
/// is lost while the connection or the server is away. An act may be repeated, which changes nothing.
public struct Moderation: Sendable {
    /// How many changes are read at a time.
    private static let batch = 500
    /// The pause after a failure that the connection may survive, such as a time-out.
    private static let retryDelay: Duration = .seconds(1)

    let store: ModerationStore
    let users: UserStore
    let messages: MessageStore
    let uploads: Uploads
    let revocations: RevocationList
    let blockedWords: BlockedWords
    let profiles: ProfileAnnouncements
    let events: any EventSink
    let logger: Logger

    init(
        stores: Stores, uploads: Uploads, revocations: RevocationList, blockedWords: BlockedWords,
        profiles: ProfileAnnouncements, events: any EventSink, logger: Logger
    ) {
        store = stores.moderation
        users = stores.users
        messages = stores.messages
        self.uploads = uploads
        self.revocations = revocations
        self.blockedWords = blockedWords
        self.profiles = profiles
        self.events = events
        self.logger = logger
    }

    /// Reads the revocation list and the blocked words, before the first request is served.
    public func load() async throws {
        try await revocations.reload()
        try await blockedWords.reload()
    }

    /// Acts on changes until the task is cancelled.
    func run() async {
        for await event in store.hints() {
            // Whatever happened, deleted uploads have to disappear first.
            uploads.lookup.forget()
            await catchUp(reloading: event == .connected)
        }
    }

    private func catchUp(reloading: Bool) async {
        while !Task.isCancelled {
            do {
                if reloading { try await load() }
                while case let changes = try await store.changes(limit: Self.batch), !changes.isEmpty {
                    try await apply(changes)
                    try await store.forget(changes)
                }
                return
            } catch {
                guard !Task.isCancelled else { return }
                logger.warning("moderation waits for the database", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: Self.retryDelay)
            }
        }
    }

    private func apply(_ changes: [ModerationStore.Change]) async throws {
        func subjects<Entity>(_ kind: ModerationStore.Change.Kind, as type: Entity.Type) -> [ID<Entity>] {
            Set(changes.filter { $0.kind == kind }.compactMap(\.subject)).map { ID<Entity>($0) }
        }
        // Closed accounts come first: a banned person must see nothing of what follows.
        let accounts = subjects(.access, as: User.self)
        let closed = try await closeAccounts(accounts)
        try await profiles.changed(Array(closed.union(accounts)))
        for user in subjects(.membership, as: User.self) {
            events.order(.cut(user, hiding: nil))
        }
        if changes.contains(where: { $0.kind == .words }) { try await blockedWords.reload() }
        for mute in try await users.mutes(of: subjects(.mute, as: User.self)) {
            events.deliver(.muted(mute.user, until: mute.until))
        }
        for message in try await messages.find(subjects(.message, as: Message.self)).sorted(by: {
            $0.revision < $1.revision
        }) {
            events.deliver(message.deletedAt == nil ? .messageUpdated(message) : .messageDeleted(message))
        }
        for upload in subjects(.upload, as: Upload.self) { try await dropContent(of: upload) }
    }

    /// - Returns: The accounts that were closed or opened.
    private func closeAccounts(_ users: [UserID]) async throws -> Set<UserID> {
        guard !users.isEmpty else { return [] }
        let changed = try await revocations.reload().changed
        for user in users where revocations.isClosed(user) { events.order(.closeAccount(user)) }
        return changed
    }

    /// A failing disk must not stop the other changes. The file answers `gone` already, and `parley verify` finds files
    /// that nothing refers to.
    private func dropContent(of upload: UploadID) async throws {
        do {
            try await uploads.dropContent(ofRemoved: upload)
        } catch let error as ChatError {
            logger.error("a removed file is still on the disk", metadata: ["upload": "\(upload)", "error": "\(error)"])
        }
    }
}
