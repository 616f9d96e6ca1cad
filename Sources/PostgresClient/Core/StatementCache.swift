/// A prepared statement of one connection: its text and its name on the server. Belongs to the I/O thread, like the
/// connection.
final class PreparedStatement {
    struct Key: Hashable {
        let sql: String
        let types: [UInt32]
    }

    let key: Key
    let name: String
    /// Why the server refused to prepare it. Queries sent behind it fail with an unknown name, and report this reason
    /// instead.
    var failure: PostgresError?

    init(key: Key, name: String) {
        self.key = key
        self.name = name
    }
}

/// The prepared statements of one connection. The least recently used one is evicted. Pure.
struct StatementCache {
    private let capacity: Int
    private var statements: [PreparedStatement.Key: (statement: PreparedStatement, lastUse: Int)] = [:]
    private var uses = 0
    private var names = 0
    /// Evicted names that the server still holds.
    private var discarded: [String] = []

    init(capacity: Int) { self.capacity = max(1, capacity) }

    /// The statement for this text, and whether it must be prepared first.
    mutating func use(_ key: PreparedStatement.Key) -> (statement: PreparedStatement, isNew: Bool) {
        uses += 1
        if let statement = statements[key]?.statement {
            statements[key]?.lastUse = uses
            return (statement, false)
        }
        if statements.count >= capacity, let oldest = statements.min(by: { $0.value.lastUse < $1.value.lastUse }) {
            statements[oldest.key] = nil
            discard(oldest.value.statement.name)
        }
        names += 1
        let statement = PreparedStatement(key: key, name: "s\(names)")
        statements[key] = (statement, uses)
        return (statement, true)
    }

    /// Drops a statement. Its text will be prepared again under another name.
    mutating func remove(_ statement: PreparedStatement) {
        guard statements[statement.key]?.statement === statement else { return }
        statements[statement.key] = nil
        // A name that was never prepared, or is gone, needs no deallocation.
        if statement.failure == nil { discard(statement.name) }
    }

    mutating func discard(_ name: String) { discarded.append(name) }

    /// The names to deallocate now.
    mutating func takeDiscarded() -> [String] {
        defer { discarded = [] }
        return discarded
    }
}
