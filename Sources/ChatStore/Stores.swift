package import ChatModel
import Crypto
package import PostgresClient

/// All stores over one database.
package struct Stores: Sendable {
    package let changes: ChangeQueue
    package let users: UserStore
    package let sessions: SessionStore
    package let blocks: BlockStore
    package let presence: PresenceStore
    package let conversations: ConversationStore
    package let messages: MessageStore
    package let marks: MarkStore
    package let attention: AttentionStore
    package let textQuota: TextQuotaStore
    package let moderation: ModerationStore
    package let uploads: UploadStore
    package let partialUploads: PartialUploadStore
    package let uploadPieces: UploadPieceStore
    package let orphans: OrphanStore
    package let droppedObjects: DroppedObjectStore
    package let contentMoves: ContentMoveStore
    package let limits: SharedLimitStore
    package let invariants: InvariantStore
    package let jobs: JobStore
    /// What searches read, on connections of their own.
    package let searches: ReadStores
    /// What lists somebody's conversations or messages, on connections of its own.
    package let lists: ReadStores

    /// - Parameter uploadLifetime: how long an upload may be unfinished or without a use, in seconds.
    package init(database: ChatDatabase, links: UploadLinks, uploadLifetime: Int) {
        let main = database.main
        let changes = ChangeQueue(database: main)
        let uploads = UploadStore(database: main, changes: changes, links: links)
        func reading(_ client: PostgresClient) -> ReadStores {
            ReadStores(database: client, changes: changes, links: links, uploads: uploads)
        }
        let reads = reading(main)
        self.changes = changes
        self.uploads = uploads
        users = reads.users
        messages = reads.messages
        conversations = reads.conversations
        searches = reading(database.searches)
        lists = reading(database.lists)
        sessions = SessionStore(database: main, changes: changes)
        blocks = BlockStore(database: main, changes: changes)
        presence = PresenceStore(database: main)
        marks = MarkStore(database: main)
        attention = AttentionStore(database: main, changes: changes)
        textQuota = TextQuotaStore(database: main)
        moderation = ModerationStore(database: main)
        partialUploads = PartialUploadStore(database: main, changes: changes, lifetime: uploadLifetime)
        uploadPieces = UploadPieceStore(database: main, changes: changes)
        orphans = OrphanStore(database: main, lifetime: uploadLifetime)
        droppedObjects = DroppedObjectStore(database: main)
        contentMoves = ContentMoveStore(database: main)
        limits = SharedLimitStore(database: main)
        invariants = InvariantStore(database: main)
        jobs = JobStore(database: main)
    }

    /// The stores of a command: over a single client, and with a random key for the URLs, which nobody is shown.
    package init(database: PostgresClient) {
        self.init(
            database: ChatDatabase(main: database, searches: database, lists: database),
            links: UploadLinks(secret: SymmetricKey(size: .bits256)), uploadLifetime: 0)
    }
}

/// The stores that are read through connections of one kind.
package struct ReadStores: Sendable {
    package let users: UserStore
    package let messages: MessageStore
    package let conversations: ConversationStore
    package let sync: SyncStore

    init(database: PostgresClient, changes: ChangeQueue, links: UploadLinks, uploads: UploadStore) {
        users = UserStore(database: database, changes: changes, links: links)
        messages = MessageStore(database: database, changes: changes, uploads: uploads)
        conversations = ConversationStore(database: database, changes: changes, users: users, messages: messages)
        sync = SyncStore(database: database, messages: messages)
    }
}
