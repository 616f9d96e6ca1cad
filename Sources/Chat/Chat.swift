public import ChatModel
public import ChatStore
public import Crypto
public import Logging

/// The domain: people, conversations, messages and uploads over one database. It knows no HTTP and no sockets; what
/// happens goes out through the `EventSink`.
public struct Chat: Sendable {
    public let accounts: Accounts
    public let people: UserDirectory
    public let blocks: Blocks
    public let conversations: Conversations
    public let messages: Messages
    public let attention: AttentionSettings
    public let sync: Sync
    public let greetings: Greetings
    public let uploads: Uploads
    public let resumableUploads: ResumableUploads
    public let sweep: Sweep
    public let nodes: Nodes
    public let presence: Presence
    public let typing: Typing
    public let moderation: Moderation
    public let metrics: ChatMetrics
    /// Nil where no other server can run on the database.
    public let cluster: Cluster?
    /// Reads what the stream of live events missed.
    package let snapshots: ConversationSnapshots
    private let jobs: Jobs
    private let background: Background

    /// The loops that run beside the requests.
    private struct Background {
        let sessions: SessionWatch
        let accounts: ClosedAccounts
        let words: WordIndex
        let quota: TextQuota
        let passwords: PasswordHasher
        let cards: LinkCards
    }

    /// What an operator decides.
    public struct Settings: Sendable {
        /// How much text one user may store; 0 for no limit.
        public var userTextQuotaBytes: Int
        /// How long an upload may be unfinished or unused.
        public var orphanHours: Int
        public var linkSecret: SymmetricKey
        public var previousLinkSecret: SymmetricKey?
        public var concurrency: Concurrency
        /// The path below which the server is, `/chat`.
        public var basePath: String
        /// Nil: links get no cards.
        package var linkCards: LinkCardSettings?

        public init(
            userTextQuotaBytes: Int, orphanHours: Int, linkSecret: SymmetricKey, previousLinkSecret: SymmetricKey?,
            concurrency: Concurrency, basePath: String = ""
        ) {
            self.concurrency = concurrency
            self.basePath = basePath
            self.userTextQuotaBytes = userTextQuotaBytes
            self.orphanHours = orphanHours
            self.linkSecret = linkSecret
            self.previousLinkSecret = previousLinkSecret
        }
    }

    /// How much of the domain's work runs at once.
    public struct Concurrency: Sendable {
        /// Passwords that are hashed.
        public var passwordThreads: Int
        /// Batches of messages that are written.
        public var messageLanes: Int
        /// Batches of marks that are written.
        public var markLanes: Int

        public init(passwordThreads: Int, messageLanes: Int, markLanes: Int) {
            self.passwordThreads = passwordThreads
            self.messageLanes = messageLanes
            self.markLanes = markLanes
        }
    }

    public init(
        database: ChatDatabase, storage: Storage, nodes: Nodes, settings: Settings, events local: any EventSink,
        link: ClusterLink? = nil, logger: Logger
    ) {
        let events: any EventSink =
            link.map { ClusterEvents(local: local, bus: $0.bus, encoder: $0.encoder) } ?? local
        let links = UploadLinks(
            secret: settings.linkSecret, previous: settings.previousLinkSecret, basePath: settings.basePath)
        let stores = Stores(database: database, links: links, uploadLifetime: settings.orphanHours * 3600)
        let limits = ReadLimits()
        let lookup = UploadLookup { try await stores.uploads.find($0, viewer: nil) }
        let blockedWords = BlockedWords(store: stores.moderation)
        let quota = TextQuota(bytes: settings.userTextQuotaBytes, store: stores.textQuota, logger: logger)
        let wishes = LinkCardQueue(isOwn: settings.linkCards?.isOwn)
        let hasher = PasswordHasher(threads: settings.concurrency.passwordThreads)

        self.nodes = nodes
        presence = Presence(stores: stores, nodes: nodes, bus: link?.bus, events: local, logger: logger)
        typing = Typing(conversations: stores.conversations, events: events)
        blocks = Blocks(store: stores.blocks, users: stores.users, presence: presence, events: events)
        let profiles = ProfileAnnouncements(users: stores.users, presence: presence, events: events)
        // For what every server finds out by itself.
        let ownProfiles = ProfileAnnouncements(users: stores.users, presence: presence, events: local)
        people = UserDirectory(
            stores: stores, limits: limits, uploadLookup: lookup, presence: presence, profiles: profiles)
        let tokens = RefreshTokens(secret: settings.linkSecret, previous: settings.previousLinkSecret)
        accounts = Accounts(stores: stores, refreshTokens: tokens, hasher: hasher, events: events)
        conversations = Conversations(stores: stores, limits: limits, presence: presence, events: events)
        messages = Messages(
            stores: stores, limits: limits, quota: quota, blockedWords: blockedWords, uploadLookup: lookup,
            cards: wishes,
            conversations: conversations, typing: typing, lanes: settings.concurrency.messageLanes,
            markLanes: settings.concurrency.markLanes, events: events, logger: logger)
        attention = AttentionSettings(
            store: stores.attention, conversations: conversations, marks: messages.marks, events: events)
        snapshots = ConversationSnapshots(
            store: stores.conversations, announcements: conversations.announcements, origins: messages.writer.origins)
        sync = Sync(
            store: stores.lists.sync, users: stores.lists.users, presence: presence, conversations: conversations,
            limits: limits)
        greetings = Greetings(stores: stores)
        jobs = Jobs(store: stores.jobs)
        uploads = Uploads(
            store: stores.uploads, unfinished: stores.partialUploads, dropped: stores.droppedObjects, jobs: jobs,
            lookup: lookup, links: links, storage: storage, logger: logger)
        resumableUploads = ResumableUploads(uploads: uploads, stores: stores)
        let watch = SessionWatch(
            sessions: stores.sessions, revocations: accounts.revocations, profiles: ownProfiles, events: local,
            logger: logger)
        moderation = Moderation(
            stores: stores, uploads: uploads, sessions: watch, blockedWords: blockedWords, profiles: ownProfiles,
            jobs: jobs, events: local, logger: logger)
        sweep = Sweep(stores: stores, uploads: uploads, jobs: jobs, logger: logger)
        let cards = LinkCards(
            queue: wishes, settings: settings.linkCards, messages: messages, uploads: uploads, logger: logger)
        metrics = ChatMetrics(
            writer: messages.writer, uploads: uploads, workers: storage.workers, cards: cards.metrics,
            missedCards: wishes.overflow)
        let closed = ClosedAccounts(users: stores.users, profiles: profiles, logger: logger)
        let words = WordIndex(store: stores.messages, messages: metrics.stored, jobs: jobs, logger: logger)
        cluster = link.map { [moderation, presence, typing] link in
            Cluster(
                bus: link.bus, stream: link.stream, nodes: nodes, presence: presence,
                follower: ClusterFollower(
                    stream: link.stream, stores: stores, profiles: ownProfiles, presence: presence, typing: typing,
                    local: local, logger: logger),
                reconciler: Reconciler(
                    stream: link.stream, conversations: stores.conversations, presence: presence,
                    facts: MissedFacts(stores: stores, profiles: ownProfiles, presence: presence, local: local),
                    logger: logger),
                logger: logger
            ) {
                try await moderation.reload()
            }
        }
        background = Background(
            sessions: watch, accounts: closed, words: words, quota: quota, passwords: hasher, cards: cards)
    }

    /// What has to be done before the first request.
    /// - Throws: `NodeAdmission.Refusal` for a server that must not run beside the others of its database.
    public func prepare() async throws {
        try await nodes.join()
        if nodes.others == 0 { try await jobs.store.makeAllDue() }
        try await moderation.load()
        try await presence.begin()
        try await cluster?.begin()
        try await sweep.prepare(isAlone: !uploads.storage.sharesStaging)
        CommonPasswords.prepare()
    }

    /// The server stops: refuses passwords that wait to be checked, and those that still come.
    public func refusePasswords() { background.passwords.stopWaiting() }

    /// Writes messages, and follows the moderators, until the task is cancelled. Then writes the messages that were
    /// accepted by then.
    public func run() async throws {
        async let lease: Void = nodes.run()
        async let others: Void? = cluster?.run()
        async let following: Void = moderation.run()
        async let watching: Void = background.sessions.run()
        async let opening: Void = background.accounts.run()
        async let indexing: Void = background.words.run()
        async let counting: Void = background.quota.run()
        async let dropping: Void = uploads.dropped.run()
        async let marking: Void = messages.marks.run()
        async let linking: Void = background.cards.run()
        await messages.writer.run()
        _ = await (lease, others, following, watching, opening, indexing, counting, dropping, marking, linking)
        // Not cancelled with the task: the last messages count as well.
        await Task {
            await background.quota.settle()
            await cluster?.end()
            await nodes.leave()
        }.value
        await background.passwords.shutdown()
    }
}
