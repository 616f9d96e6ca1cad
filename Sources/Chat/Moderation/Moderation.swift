import ChatModel
import ChatStore
import Foundation
import Logging
import Synchronization

/// Carries out what moderators did in SQL: sends events, closes connections, deletes files.
///
/// The database's triggers keep every change for an hour, and notify. A notification is only a hint: every server reads
/// what is new at each one, and whenever its listening connection is new. So nothing is lost while the connection or the
/// server is away. An act may be repeated, which changes nothing.
public struct Moderation: Sendable {
    /// How many changes are read at a time.
    private static let batch = 500
    /// The pause after a failure that the connection may survive, such as a time-out.
    private static let retryDelay: Duration = .seconds(1)
    /// How long changes are kept: longer than a server that lives is without the database.
    private static let age: TimeInterval = 3600
    private static let forgetting = Jobs.Job(name: "forget changes", period: .seconds(600), lease: .seconds(60))

    let store: ModerationStore
    let users: UserStore
    let messages: MessageStore
    let uploads: Uploads
    let sessions: SessionWatch
    let conversations: ConversationStore
    let jobs: Jobs
    let blockedWords: BlockedWords
    let profiles: ProfileAnnouncements
    let events: any EventSink
    let logger: Logger

    init(
        stores: Stores, uploads: Uploads, sessions: SessionWatch, blockedWords: BlockedWords,
        profiles: ProfileAnnouncements, jobs: Jobs, events: any EventSink, logger: Logger
    ) {
        conversations = stores.conversations
        self.jobs = jobs
        store = stores.moderation
        users = stores.users
        messages = stores.messages
        self.uploads = uploads
        self.sessions = sessions
        self.blockedWords = blockedWords
        self.profiles = profiles
        self.events = events
        self.logger = logger
    }

    /// Reads the revocation list and the blocked words, before the first request is served.
    public func load() async throws {
        try await sessions.revocations.reload()
        try await blockedWords.reload()
    }

    /// Something may have been missed: acts on what is new of sessions and accounts, and reads the blocked words.
    func reload() async throws {
        try await sessions.catchUp()
        try await blockedWords.reload()
    }

    /// Acts on changes until the task is cancelled.
    func run() async {
        let horizon = Horizon()
        async let forgetting: Void = forgetOld(horizon)
        var acted = ActedChanges()
        for await event in store.hints() {
            // Whatever happened, deleted uploads have to disappear first.
            uploads.lookup.forget()
            await catchUp(&acted, reloading: event == .connected)
            horizon.reach(acted.horizon)
        }
        await forgetting
    }

    private func catchUp(_ acted: inout ActedChanges, reloading: Bool) async {
        while !Task.isCancelled {
            do {
                if reloading { try await reload() }
                while true {
                    let next = acted.next
                    let page = try await store.changes(from: next.transaction, past: next.id, limit: Self.batch)
                    guard let new = acted.new(in: page) else { continue }
                    if !new.isEmpty { try await apply(new) }
                    if !acted.finish(page) { return }
                }
            } catch {
                guard !Task.isCancelled else { return }
                logger.warning("moderation waits for the database", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: Self.retryDelay)
            }
        }
    }

    /// Deletes old changes, until the task is cancelled. A server deletes only what it has acted on itself.
    private func forgetOld(_ horizon: Horizon) async {
        while (try? await Task.sleep(for: Self.forgetting.lease)) != nil {
            do {
                try await jobs.attempt(Self.forgetting) {
                    try await store.forget(olderThan: Self.age, before: horizon.transaction)
                }
            } catch {
                logger.debug("old changes are forgotten later", metadata: ["error": "\(error)"])
            }
        }
    }

    private func apply(_ changes: [ModerationStore.Change]) async throws {
        func subjects<Entity>(_ kind: ModerationStore.Change.Kind, as type: Entity.Type) -> [ID<Entity>] {
            Set(changes.filter { $0.kind == kind }.compactMap(\.subject)).map { ID<Entity>($0) }
        }
        // Closed accounts come first: a banned person must see nothing of what follows.
        let accounts = subjects(.access, as: User.self)
        try await closeAccounts(accounts)
        try await profiles.changed(accounts)
        for user in subjects(.membership, as: User.self) {
            events.order(.cut(user, hiding: nil))
        }
        for position in try await conversations.positions(of: subjects(.conversation, as: Conversation.self)) {
            events.hear(of: position.revision, in: position.id)
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

    private func closeAccounts(_ users: [UserID]) async throws {
        guard !users.isEmpty else { return }
        try await sessions.catchUp()
        for user in users { sessions.closeAccount(user) }
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

/// On the changes of which transactions a server has acted: all before this one.
private final class Horizon: Sendable {
    private let value = Atomic(0)

    var transaction: Int { value.load(ordering: .acquiring) }

    func reach(_ transaction: Int) { value.store(transaction, ordering: .releasing) }
}
