import ChatModel
import ChatStore
import Glibc
import Logging

extension NodeAdmission {
    /// What this server says of itself to the others of its database.
    init(_ configuration: ServerConfiguration, _ secrets: Secrets, _ files: NodeFiles) {
        let checks = [secrets.current, secrets.previous].compactMap { $0.map(NodeDescription.secretCheck) }
        self.init(
            NodeDescription(
                host: Self.host, version: Version.current, secretChecks: checks, storage: files.storage,
                files: files.files, sharesFiles: configuration.sharedStorage),
            number: configuration.nodeNumber, formerNumber: files.formerNumber)
    }

    /// The name of this machine. `ProcessInfo` would ask a name server.
    private static var host: String {
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return "unknown" }
        return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
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
