public import ChatModel
public import ChatStore
public import Crypto
import Foundation
public import Logging

/// The domain: people, conversations, messages and uploads over one database. Knows no HTTP and no sockets; what
/// happens goes out through the `EventSink`.
public struct Chat: Sendable {
    public let accounts: Accounts
    public let people: People
    public let blocks: Blocks
    public let conversations: Conversations
    public let messages: Messages
    public let sync: Sync
    public let welcome: Welcome
    public let uploads: Uploads
    public let resumableUploads: ResumableUploads
    public let sweep: Sweep
    public let presence: Presence
    public let typing: Typing
    public let moderation: Moderation
    public let metrics: ChatMetrics
    private let sessionWatch: SessionWatch
    private let wordIndex: WordIndex
    private let textQuota: TextQuota

    private let hasher: PasswordHasher

    public init(
        database databases: ChatDatabase, storage: Storage, userTextQuotaBytes: Int, orphanHours: Int,
        linkSecret: SymmetricKey,
        previousLinkSecret: SymmetricKey?, events: any EventSink, logger: Logger
    ) {
        let links = UploadLinks(secret: linkSecret, previous: previousLinkSecret)
        let stores = Stores(database: databases, links: links, uploadLifetime: orphanHours * 3600)
        let uploadLookup = UploadLookup { try await stores.uploads.find($0, viewer: nil) }
        let searching = ReadingLine(
            maximumWaiting: 8, advice: "the search took too long; look for something more particular")
        let listing = ReadingLine(maximumWaiting: 200, advice: "this took too long; try again")
        hasher = PasswordHasher()
        let gate = AccessGate(sessions: stores.sessions)
        let blockedWords = BlockedWords(store: stores.moderation)
        presence = Presence(
            conversations: stores.lists.conversations, blocks: stores.blocks, store: stores.presence,
            events: events, logger: logger)
        blocks = Blocks(store: stores.blocks, users: stores.users, presence: presence, events: events)
        typing = Typing(conversations: stores.conversations, events: events)
        accounts = Accounts(
            users: stores.users, sessions: stores.sessions,
            refreshTokens: RefreshTokens(secret: linkSecret, previous: previousLinkSecret), hasher: hasher,
            events: events, gate: gate)
        sessionWatch = SessionWatch(sessions: stores.sessions, gate: gate, events: events, logger: logger)
        people = People(
            users: stores.users, searches: stores.searches.users,
            searching: searching, uploads: stores.uploads, uploadLookup: uploadLookup, blocks: stores.blocks,
            presence: presence)
        conversations = Conversations(
            store: stores.conversations, lists: stores.lists.conversations, listing: listing,
            searches: stores.searches.conversations, searching: searching, users: stores.users,
            blocks: stores.blocks, changes: stores.changes, presence: presence, events: events)
        textQuota = TextQuota(bytes: userTextQuotaBytes, store: stores.textQuota, logger: logger)
        messages = Messages(
            store: stores.messages, searches: stores.searches.messages,
            searching: searching, changes: stores.changes, conversations: stores.conversations,
            direct: DirectConversations(conversations: conversations, logger: logger),
            writer: MessageWriter(
                store: stores.messages, quota: textQuota, typing: typing, events: events, logger: logger),
            marks: MarkWriter(store: stores.marks, events: events, logger: logger), blockedWords: blockedWords,
            quota: textQuota, uploadLookup: uploadLookup, events: events)
        wordIndex = WordIndex(store: stores.messages, messages: messages.writer.metrics.messages, logger: logger)
        sync = Sync(store: stores.lists.sync, conversations: conversations, listing: listing)
        welcome = Welcome(conversations: stores.conversations, users: stores.users, sync: stores.lists.sync)
        uploads = Uploads(store: stores.uploads, lookup: uploadLookup, links: links, storage: storage, logger: logger)
        metrics = ChatMetrics(writer: messages.writer, uploads: uploads, workers: storage.workers)
        resumableUploads = ResumableUploads(uploads: uploads, store: stores.partialUploads)
        sweep = Sweep(
            uploads: uploads, orphans: stores.orphans, partials: stores.partialUploads, sessions: stores.sessions,
            logger: logger)
        moderation = Moderation(
            store: stores.moderation, messages: stores.messages, uploads: uploads, gate: gate,
            blockedWords: blockedWords, events: events, logger: logger)
    }

    /// What has to be so before the first request.
    public func prepare() async throws {
        try await moderation.load()
        try await presence.begin()
        try await sweep.prepare()
        CommonPasswords.prepare()
    }

    /// Passwords that wait to be checked are refused, and so are all that come: the server stops.
    public func refusePasswords() { hasher.stopWaiting() }

    /// Writes messages, and follows the moderators, until the task is cancelled; then writes what had been accepted by
    /// then.
    public func run() async throws {
        async let lease: Void = presence.keepLease()
        async let following: Void = moderation.run()
        async let watching: Void = sessionWatch.run()
        async let indexing: Void = wordIndex.run()
        async let counting: Void = textQuota.run()
        await messages.writer.run()
        _ = await (lease, following, watching, indexing, counting)
        // Not cancelled with the task: the last messages count as well.
        await Task { await textQuota.settle() }.value
        await hasher.shutdown()
    }
}
