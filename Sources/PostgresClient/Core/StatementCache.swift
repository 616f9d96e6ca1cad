/// A statement's text on one connection, and the name under which the server knows it.
/// Belongs to the I/O thread, like the connection.
final class PreparedStatement {
    struct Key: Hashable {
        let sql: String
        let types: [UInt32]
    }

    let key: Key
    let name: String
    /// Why the server refused to prepare it. Queries already sent behind it fail because the name is unknown, and this
    /// is the reason to give for them.
    var failure: PostgresError?

    init(key: Key, name: String) {
        self.key = key
        self.name = name
    }
}

/// The prepared statements of one connection, the least recently used one giving way. Pure.
struct StatementCache {
    private let capacity: Int
    private var statements: [PreparedStatement.Key: (statement: PreparedStatement, lastUse: Int)] = [:]
    private var uses = 0
    private var names = 0
    /// Names that the server still holds and nobody will use again.
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

    /// The statement is of no more use; its text will be prepared anew under another name.
    mutating func remove(_ statement: PreparedStatement) {
        guard statements[statement.key]?.statement === statement else { return }
        statements[statement.key] = nil
        // A name that was never prepared, or is gone, is not there to be dropped.
        if statement.failure == nil { discard(statement.name) }
    }

    mutating func discard(_ name: String) { discarded.append(name) }

    /// The names to deallocate now.
    mutating func takeDiscarded() -> [String] {
        defer { discarded = [] }
        return discarded
    }
}
