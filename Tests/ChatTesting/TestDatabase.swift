package import ChatModel
package import ChatStore
package import Crypto
import Foundation
package import Logging
package import PostgresClient
import TestPostgres

/// A migrated database for one test, and the stores over it. It is a copy of a template that is migrated once for all tests
/// of the process.
package struct TestDatabase: Sendable {
    package let client: PostgresClient
    package let stores: Stores
    private let connectionString: String
    /// How many other messages are in the batch of each that is sent. They are refused.
    private var company = 0

    /// The name of the template database.
    private static let template = Task { () throws -> String in
        let connectionString = try await onQueue { try $0.makeDatabase() }
        // Tests/ChatTesting/TestDatabase.swift is three levels below the root.
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        _ = try await PostgresMigrator(directory: root.appending(path: "migrations"))
            .migrate(connectionString: connectionString, logger: .silent)
        return TestCluster.databaseName(in: connectionString)
    }

    /// Where databases are made: the cluster waits for psql, and must not block a thread of the tests.
    private static let queue = DispatchQueue(label: "test databases", attributes: .concurrent)

    private static func onQueue<Value: Sendable>(
        _ body: @escaping @Sendable (TestCluster) throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            queue.async { continuation.resume(with: Result { try body(TestCluster.shared.get()) }) }
        }
    }

    private static let turns = Turns(6)

    /// How long an unused upload is kept, in seconds.
    package static let uploadLifetime = 3600

    /// Runs a test on its own database. A few tests run at a time.
    /// - Parameter company: How many other messages are in the batch of each that is sent. They are refused.
    package static func run<Value>(
        company: Int = 0, _ body: (TestDatabase) async throws -> Value
    ) async throws -> Value {
        await turns.begin()
        let result: Result<Value, any Error>
        do {
            let template = try await template.value
            let connectionString = try await onQueue { try $0.makeDatabase(template: template) }
            result = .success(
                try await run(on: connectionString) { database in
                    var database = database
                    database.company = company
                    return try await body(database)
                })
            // Nobody waits for this: the cluster is deleted when the process ends.
            queue.async { try? TestCluster.shared.get().dropDatabase(connectionString) }
        } catch {
            result = .failure(error)
        }
        await turns.end()
        return try result.get()
    }

    /// Another server's connections to the same database.
    package func onAnotherServer<Value>(_ body: (TestDatabase) async throws -> Value) async throws -> Value {
        try await Self.run(on: connectionString, body)
    }

    /// Waits until so many statements wait for a lock, or until `isOver`.
    package func waitForLocks(_ count: Int, orUntil isOver: () -> Bool = { false }) async throws {
        while !isOver() {
            let waiting = try await client.query(
                """
                SELECT count(*) AS count FROM pg_stat_activity
                WHERE datname = current_database() AND wait_event_type = 'Lock'
                """
            ).first?.decode("count", as: Int.self)
            if waiting ?? 0 >= count { return }
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private static func run<Value>(
        on connectionString: String, _ body: (TestDatabase) async throws -> Value
    ) async throws -> Value {
        var configuration = PostgresConfiguration(
            connectionString: connectionString, applicationName: "parley-tests")
        configuration.connections = 2
        configuration.transactionConnections = 2
        // So long that only a hanging test exceeds them: the machine may be busy. Statements wait for locks as long as it
        // takes, so that a deadlock is found as such.
        configuration.connectTimeout = .seconds(60)
        configuration.queryTimeout = .seconds(60)
        configuration.acquireTimeout = .seconds(60)
        configuration.unavailableAfter = .seconds(60)
        configuration.idleTransactionTimeout = .seconds(60)
        // As in the server: moderation's triggers ignore what it writes.
        // Generic plans decide in which order statements lock rows.
        configuration.sessionParameters = [
            "parley.server": "on", "jit": "off", "random_page_cost": "1.1", "plan_cache_mode": "force_generic_plan",
        ]
        let client = try PostgresClient(configuration: configuration, logger: .silent)
        do {
            try await client.start()
            let stores = Stores(
                database: ChatDatabase(main: client, searches: client, lists: client),
                links: UploadLinks(secret: secret), uploadLifetime: uploadLifetime)
            let value = try await body(
                TestDatabase(client: client, stores: stores, connectionString: connectionString))
            await client.close()
            return value
        } catch {
            await client.close()
            throw error
        }
    }

    package static let secret = SymmetricKey(data: Data(repeating: 7, count: 32))

    // MARK: Fixtures

    /// Makes an account without a usable password.
    package func person(_ username: String? = nil) async throws -> UserID {
        let id = UserID.make()
        let name = username ?? "person-\(id.uuid.uuidString.suffix(12).lowercased())"
        try await stores.users.insert(id: id, username: name, displayName: "Display of \(name)", hash: "no hash")
        return id
    }

    package func people(_ count: Int) async throws -> [UserID] {
        var people: [UserID] = []
        for _ in 0..<count { people.append(try await person()) }
        return people
    }

    package func group(
        _ owner: UserID, _ members: UserID..., visibility: Conversation.Visibility = .private
    ) async throws -> ConversationID {
        let id = ConversationID.make()
        try await stores.conversations.insertGroup(
            id, title: "A group", visibility: visibility, owner: owner, members: members)
        return id
    }

    /// A direct conversation that both have opened.
    package func direct(_ one: UserID, _ other: UserID) async throws -> ConversationID {
        guard let found = try await stores.conversations.direct(one, other) else { throw ChatError.notFound("user") }
        for person in [one, other] {
            _ = try await stores.conversations.change(found.id) { try await $0.show(to: person) }
        }
        return found.id
    }

    package func setRole(_ role: Member.Role, of user: UserID, in id: ConversationID) async throws {
        _ = try await stores.conversations.change(id) { try await $0.setRole(role, of: user) }
    }

    /// Makes an upload. Its content is new, unless `sha256` is that of another upload.
    package func upload(
        _ owner: UserID, size: Int = 10, sha256: String? = nil, ownerOnly: Bool = false
    ) async throws -> Upload {
        let id = UploadID.make()
        let sha256 =
            sha256 ?? SHA256.hash(data: Data(id.uuid.uuidString.utf8)).map { String(format: "%02x", $0) }.joined()
        return try await stores.uploads.insert(
            id, owner: owner, name: "file.bin",
            blob: Blob(
                sha256: sha256, size: size, type: "application/octet-stream", kind: .file, servedSize: size,
                servedSHA256: sha256, ownerOnly: ownerOnly, thumbnails: []))
    }

    /// Sends a message as the server does, and returns the outcome.
    package func send(
        _ text: String = "hello", from sender: UserID, to conversation: ConversationID, attachments: [UploadID] = [],
        alts: [UploadID: String] = [:], asFiles: Set<UploadID> = [], replyTo: MessageID? = nil, clientId: String? = nil,
        hasRoom: Bool = true, filter: WordFilter = WordFilter([]), lane: Int = 0
    ) async throws -> MessageBatch.Outcome {
        let draft = try Draft(
            MessageRequest(
                conversationId: conversation, text: text, attachments: attachments, alts: alts, asFiles: asFiles,
                replyTo: replyTo, clientId: clientId),
            to: conversation, from: sender, origin: nil, filter: filter, hasRoom: hasRoom)
        let others = try (0..<company).map { _ in
            try Draft(
                MessageRequest(text: "full"), to: conversation, from: sender, origin: nil, filter: filter,
                hasRoom: false)
        }
        let outcomes = try await stores.messages.insert(MessageBatch([draft] + others), on: lane).outcomes
        guard let outcome = outcomes.first, outcomes.count == 1 + company else { throw UnexpectedOutcome() }
        return outcome
    }

    /// Sends a message that must be stored.
    @discardableResult
    package func message(
        _ text: String = "hello", from sender: UserID, to conversation: ConversationID, attachments: [UploadID] = [],
        alts: [UploadID: String] = [:], asFiles: Set<UploadID> = [], replyTo: MessageID? = nil, clientId: String? = nil
    ) async throws -> Message {
        let outcome = try await send(
            text, from: sender, to: conversation, attachments: attachments, alts: alts, asFiles: asFiles,
            replyTo: replyTo,
            clientId: clientId)
        guard case .stored(let message) = outcome else { throw UnexpectedOutcome() }
        return message
    }

    /// Changes a message in a transaction.
    package func change<Value: Sendable>(
        _ message: Message, _ body: @escaping @Sendable (MessageChange) async throws -> Value
    ) async throws -> Value {
        try await stores.messages.change(message.id, in: message.conversationId, body) { $0 }
    }

    /// Stores a reaction as it is spelled. So did versions before 0.2.0.
    package func storeReaction(_ emoji: String, to message: MessageID, by user: UserID) async throws {
        try await client.query(
            "INSERT INTO reactions (message_id, emoji, user_id) VALUES (\(message), \(emoji), \(user))")
    }

    package func deleteMessage(_ id: MessageID, by user: UserID) async throws {
        guard let conversation = try await stores.messages.conversation(of: id) else { throw UnexpectedOutcome() }
        _ = try await stores.messages.change(id, in: conversation) {
            try await $0.delete(by: user)
        } committed: {
            $0
        }
    }

    /// Runs statements as a moderator does in SQL: moderation's triggers see them.
    package func moderate(_ statements: PostgresQuery...) async throws {
        try await client.withTransaction { transaction in
            _ = try await transaction.query("SELECT set_config('parley.server', 'off', true)")
            for statement in statements { _ = try await transaction.query(statement) }
        }
    }

    package func mute(_ user: UserID) async throws {
        _ = try await client.query(
            "UPDATE users SET muted_until = now() + interval '1 hour' WHERE id = \(user.uuid)")
    }

    package func ban(_ user: UserID) async throws {
        _ = try await client.query("UPDATE users SET banned_at = now() WHERE id = \(user.uuid)")
    }

    package struct UnexpectedOutcome: Error {}
}

/// Lets a few tests run at a time. All tests of the process start at once, and PostgreSQL's connections are limited.
private actor Turns {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) { free = count }

    func begin() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func end() {
        if waiting.isEmpty {
            free += 1
        } else {
            waiting.removeFirst().resume()
        }
    }
}

extension Logger {
    package static let silent = Logger(label: "silent") { _ in SwiftLogNoOpLogHandler() }
}

/// The code of the `ChatError` that `body` throws; nil when it throws none.
package func refusal(_ body: () async throws -> Void) async throws -> ChatError.Code? {
    do {
        try await body()
        return nil
    } catch let error as ChatError {
        return error.code
    }
}

extension MessageBatch.Outcome {
    /// The code with which the message was refused; nil when it was not.
    package var refusal: ChatError.Code? {
        if case .refused(let error) = self { error.code } else { nil }
    }
}
