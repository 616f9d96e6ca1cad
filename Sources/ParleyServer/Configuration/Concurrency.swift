import NIOCore

/// How much runs at once. The defaults follow the number of cores; each can be set.
struct Concurrency: Equatable, Sendable {
    /// Each hashes one password: 32 MiB, and a core while it runs.
    var passwordThreads: Int
    /// Each decodes one upload.
    var mediaWorkers: Int
    /// Each waits for one call to the disk.
    var fileThreads: Int
    /// Each writes one batch of messages at a time, on a connection of its own.
    var messageLanes: Int
    /// Each writes one batch of delivered and read marks at a time.
    var markLanes: Int
    /// The main connections to the database. `transactionConnections` come on top.
    var databaseConnections: Int

    /// The bounds of every setting.
    static let range = 1...64

    /// - Parameter cores: How many the process may use. A container's limit counts.
    init(cores: Int = System.coreCount) {
        passwordThreads = max(2, cores / 4)
        // With three, one user's films leave a worker to everybody else.
        mediaWorkers = max(3, cores / 2)
        fileThreads = max(4, min(32, cores / 2))
        messageLanes = max(2, min(16, cores / 4))
        // A single lane makes the largest batches, in which a mark costs a sixth of what it costs alone.
        markLanes = max(1, min(16, cores / 8))
        databaseConnections = Self.connections(forLanes: messageLanes)
    }

    /// The lanes' connections wait for commits. Two more stay free for everything else.
    static func connections(forLanes lanes: Int) -> Int { lanes + 2 }

    /// For changes that are more than one statement: one each.
    var transactionConnections: Int { max(8, databaseConnections) }

    /// What a database must allow: the main connections, those of changes, at most 8 for searches and lists, and 6 for
    /// notifications, probes and commands.
    var allConnections: Int { databaseConnections + transactionConnections + 14 }
}
