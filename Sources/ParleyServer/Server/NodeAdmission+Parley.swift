import ChatModel
import ChatStore
import Crypto
import Foundation
import Logging
import ObjectStorage

extension NodeAdmission {
    /// What this server says of itself to the others of its database.
    init(_ configuration: ServerConfiguration, _ secrets: Secrets, _ files: NodeFiles) {
        let checks = [secrets.current, secrets.previous].compactMap { $0.map(NodeDescription.secretCheck) }
        self.init(
            NodeDescription(
                host: NodeFiles.hostName, version: Version.current, secretChecks: checks, storage: files.storage,
                files: configuration.objectStore?.id ?? files.files, sharesFiles: configuration.sharesFiles),
            number: configuration.nodeNumber, formerNumber: files.formerNumber)
    }

    /// Refuses a server whose files others cannot see, and one that cannot see theirs.
    /// - Throws: ``OperatorError``.
    static func checkFiles(
        _ configuration: ServerConfiguration, _ files: NodeFiles, _ database: ChatDatabase, logger: Logger
    ) async throws {
        let stores = Stores(database: database.main)
        let contents = stores.orphans
        if configuration.objectStore == nil, try await contents.hasContents(onDisk: false) {
            throw OperatorError(
                "S3_ENDPOINT: files are in an object store; set it, or take them back: parley storage move disk")
        }
        if configuration.objectStore == nil, try await !stores.droppedObjects.isEmpty() {
            logger.warning(
                "objects that nobody needs stay in the bucket; with S3_… set, parley storage move disk deletes them")
        }
        guard configuration.objectStore != nil, configuration.databaseURL != nil, !configuration.sharedStorage,
            try await contents.hasContents(onDisk: true)
        else { return }
        let others = try await NodeStore(database: database).list().filter {
            $0.isAlive && $0.description.storage != files.storage
        }
        guard !others.isEmpty else { return }
        throw OperatorError(
            "S3_ENDPOINT: files are still on the disk of another server; before a second one starts: parley storage move store"
        )
    }

    /// Refuses a start beside servers that this one does not fit, before it changes their database.
    /// - Throws: ``NodeAdmission/Refusal``.
    func check(_ connectionString: String, logger: Logger) async throws {
        var logger = logger
        logger.logLevel = .critical
        // If the database cannot be reached, the migrator says why.
        let records = try? await Administration.withClient(connectionString, logger: logger) { client in
            try await NodeStore(database: client).listIfKnown()
        }
        _ = try admit(among: records ?? [])
    }
}

extension ServerConfiguration {
    /// Whether other servers see this one's files.
    var sharesFiles: Bool { sharedStorage || objectStore != nil }
}

extension ObjectStoreConfiguration {
    /// The same for all servers with the same store and bucket.
    var id: UUID {
        let bytes = Array(SHA256.hash(data: Data(name.utf8)).prefix(16))
        return bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) }
    }
}
