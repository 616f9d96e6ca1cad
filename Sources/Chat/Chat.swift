public import Crypto
import Foundation
public import Logging
import PostgresClient

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
        let database = databases.main
        let links = UploadLinks(secret: linkSecret, previous: previousLinkSecret)
        let changes = ChangeQueue(database: database)
        let uploadStore = UploadStore(database: database, changes: changes, links: links)
        let uploadLookup = UploadLookup { try await uploadStore.find($0, viewer: nil) }
        let users = UserStore(database: database, changes: changes, links: links)
        let messageStore = MessageStore(database: database, changes: changes, uploads: uploadStore)
        let conversationStore = ConversationStore(
            database: database, changes: changes, users: users, messages: messageStore)
        let searching = ReadingLine(
            maximumWaiting: 8, advice: "the search took too long; look for something more particular")
        let listing = ReadingLine(maximumWaiting: 200, advice: "this took too long; try again")
        let lists = ConversationStore(
            database: databases.lists, changes: changes,
            users: UserStore(database: databases.lists, changes: changes, links: links),
            messages: MessageStore(database: databases.lists, changes: changes, uploads: uploadStore))
        let sessions = SessionStore(database: database, changes: changes)
        hasher = PasswordHasher()
        let gate = AccessGate(sessions: sessions)
        let moderationStore = ModerationStore(database: database)
        let blockedWords = BlockedWords(store: moderationStore)
        let blockStore = BlockStore(database: database, changes: changes)
        presence = Presence(
            conversations: lists, blocks: blockStore, store: PresenceStore(database: database),
            events: events, logger: logger)
        blocks = Blocks(store: blockStore, users: users, presence: presence, events: events)
        typing = Typing(conversations: conversationStore, events: events)
        accounts = Accounts(
            users: users, sessions: sessions,
            refreshTokens: RefreshTokens(secret: linkSecret, previous: previousLinkSecret), hasher: hasher,
            events: events, gate: gate)
        sessionWatch = SessionWatch(database: database, gate: gate, events: events, logger: logger)
        people = People(
            users: users, searches: UserStore(database: databases.searches, changes: changes, links: links),
            searching: searching, uploads: uploadStore, uploadLookup: uploadLookup, blocks: blockStore,
            presence: presence)
        conversations = Conversations(
            database: database, store: conversationStore, lists: lists, listing: listing,
            searches: ConversationStore(
                database: databases.searches, changes: changes, users: users, messages: messageStore),
            searching: searching, blocks: blockStore, changes: changes, presence: presence, events: events)
        textQuota = TextQuota(
            bytes: userTextQuotaBytes, store: TextQuotaStore(database: database), logger: logger)
        messages = Messages(
            database: database, store: messageStore,
            searches: MessageStore(database: databases.searches, changes: changes, uploads: uploadStore),
            searching: searching, changes: changes, conversations: conversationStore,
            direct: DirectConversations(conversations: conversations, logger: logger),
            writer: MessageWriter(
                store: messageStore, quota: textQuota, typing: typing, events: events, logger: logger),
            marks: MarkWriter(database: database, events: events, logger: logger), blockedWords: blockedWords,
            quota: textQuota, uploadLookup: uploadLookup, events: events)
        wordIndex = WordIndex(database: database, messages: messages.writer.metrics.messages, logger: logger)
        sync = Sync(
            database: databases.lists, store: lists.messages, conversations: conversations, listing: listing)
        welcome = Welcome(conversations: conversationStore, users: users, sync: sync)
        uploads = Uploads(store: uploadStore, lookup: uploadLookup, links: links, storage: storage, logger: logger)
        metrics = ChatMetrics(writer: messages.writer, uploads: uploads, workers: storage.workers)
        let partials = PartialUploadStore(database: database, changes: changes, lifetime: orphanHours * 3600)
        resumableUploads = ResumableUploads(uploads: uploads, store: partials)
        sweep = Sweep(
            uploads: uploads, orphans: OrphanStore(database: database, lifetime: orphanHours * 3600),
            partials: partials, sessions: sessions, logger: logger)
        moderation = Moderation(
            store: moderationStore, messages: messageStore, uploads: uploads, gate: gate, blockedWords: blockedWords,
            events: events, logger: logger)
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
