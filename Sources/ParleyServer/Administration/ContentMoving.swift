public import Chat
import ChatModel
import ChatStore
public import Logging
import Media
import PostgresClient

extension Administration {
    /// Takes the files of all uploads from the disk to the object store, or back. A server may be running.
    /// - Parameter progress: called now and then with a sentence.
    public static func move(
        to target: ContentMove.Target, _ configuration: ServerConfiguration, logger: Logger, progress: (String) -> Void
    ) async throws -> ContentMove.Outcome {
        guard configuration.objectStore != nil else {
            throw OperatorError("S3_ENDPOINT: set it, with S3_BUCKET and the keys, also to take files back to the disk")
        }
        return try await withDatabase(configuration, logger: logger) { connectionString in
            var settings = commandSettings(connectionString)
            // One waits from the beginning to the end, and each content has one while its row changes.
            settings.transactionConnections = 6
            settings.idleTransactionTimeout = .seconds(24 * 3600)
            return try await withClient(settings, logger: logger) { client in
                _ = try await servers(client, configuration, target)
                return try await withContents(configuration, logger: logger) { contents in
                    guard let objects = contents.objects else { preconditionFailure("it is configured") }
                    let move = ContentMove(stores: Stores(database: client), disk: contents.disk, objects: objects)
                    do {
                        return try await move.run(
                            to: target, mayGoOn: { try await servers(client, configuration, target) > 0 },
                            progress: progress)
                    } catch is ContentMove.UnderWay {
                        throw OperatorError("another parley storage move is under way on this database")
                    }
                }
            }
        }
    }

    /// How many servers run on this database.
    /// - Throws: ``OperatorError`` if one of them would not find the files, or keeps new ones elsewhere.
    private static func servers(
        _ client: PostgresClient, _ configuration: ServerConfiguration, _ target: ContentMove.Target
    ) async throws -> Int {
        let living = try await NodeStore(database: client).list().filter(\.isAlive)
        if let other = living.first(where: { $0.description.files != configuration.objectStore?.id }) {
            let wait = (NodeTiming.death - other.silence).components.seconds + 1
            throw OperatorError(
                "S3_ENDPOINT, S3_BUCKET: server \(other.identity.number) (\(other.description.host)) runs without them, or with "
                    + "others; restart it with the same settings. If it was killed, try again in \(wait) s")
        }
        // On the disk of one server, the others would not find the files.
        guard target == .disk, living.count > 1, !configuration.sharedStorage else { return living.count }
        throw OperatorError(
            "\(living.count) servers run on this database; files on the disk are for one: stop the others before")
    }
}
