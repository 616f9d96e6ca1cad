import ChatModel
import ChatStore
import Foundation
import Logging

/// Makes what moderators did in SQL happen in the chat: events to open windows, closed sockets, deleted files.
///
/// The database's triggers queue every change in `moderation.changes` and notify. The notification is only a hint: the
/// queue is read at each, and when the listening connection is (again) up, and a row leaves it after it was acted on.
/// So nothing is lost while the connection or the server is away, and something may be done twice, which changes nothing.
public struct Moderation: Sendable {
    /// Changes acted on at a time.
    private static let batch = 500
    /// After a failure of the database that the connection may well survive, such as a time-out.
    private static let retryDelay: Duration = .seconds(1)

    let store: ModerationStore
    let messages: MessageStore
    let uploads: Uploads
    let gate: AccessGate
    let blockedWords: BlockedWords
    let events: any EventSink
    let logger: Logger

    /// Reads who is refused and which words are, before the first request is served.
    public func load() async throws {
        try await gate.reload()
        try await blockedWords.reload()
    }

    /// Acts on changes until the task is cancelled.
    func run() async {
        for await event in store.hints() {
            // Whatever happened: what was deleted is to be gone before anything else is looked at.
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
        // Who is refused comes first: a banned person sees nothing of what follows.
        try await closeAccounts(subjects(.access, as: User.self))
        for user in subjects(.membership, as: User.self) {
            events.deliver(.membershipUnknown(user: user, leaving: nil))
        }
        if changes.contains(where: { $0.kind == .words }) { try await blockedWords.reload() }
        for mute in try await store.mutes(of: subjects(.mute, as: User.self)) {
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
        try await gate.reload()
        for user in users where gate.isRefused(user) { events.deliver(.accountClosed(user)) }
    }

    /// A disk that fails must not hold up the other changes: the file answers `gone` already, and
    /// `parley storage check` finds what nobody refers to.
    private func dropContent(of upload: UploadID) async throws {
        do {
            try await uploads.dropContent(ofRemoved: upload)
        } catch let error as ChatError {
            logger.error("a removed file is still on the disk", metadata: ["upload": "\(upload)", "error": "\(error)"])
        }
    }
}
