/// The rows of one statement's result. Values are decoded on demand, from libpq's memory.
public struct PostgresResult: Sendable, RandomAccessCollection {
    let storage: PQResult

    public var startIndex: Int { 0 }
    public var endIndex: Int { storage.rowCount }

    public subscript(position: Int) -> PostgresRow {
        precondition(indices.contains(position), "row \(position) of \(count)")
        return PostgresRow(storage: storage, row: position)
    }

    /// Rows inserted, updated, deleted or selected.
    public var affectedRows: Int { storage.affectedRows }

    /// The server's command tag, such as "INSERT 0 1".
    public var commandTag: String { storage.commandTag }
}

/// One row of a result.
public struct PostgresRow: Sendable {
    let storage: PQResult
    let row: Int

    /// The value of a column by its name. NULL decodes only as an Optional.
    public func decode<T: PostgresDecodable>(_ column: String, as: T.Type = T.self) throws(PostgresError) -> T {
        guard let index = storage.columnIndex(column) else {
            throw PostgresError(.decoding, "there is no column \(column)")
        }
        return try decode(index)
    }

    /// The value of a column by its index, from 0.
    public func decode<T: PostgresDecodable>(_ column: Int, as: T.Type = T.self) throws(PostgresError) -> T {
        guard column >= 0, column < storage.columnCount else {
            throw PostgresError(.decoding, "there is no column \(column)")
        }
        do throws(PostgresError) {
            return try storage.withCell(row: row, column: column) { cell throws(PostgresError) in try T.decode(cell) }
        } catch {
            throw PostgresError(.decoding, "column \(storage.columnName(column)): \(error.detail)")
        }
    }

    /// `try row["name"]`: the type is inferred.
    public subscript<T: PostgresDecodable>(_ column: String) -> T {
        get throws(PostgresError) { try decode(column) }
    }

    /// `try row[0]`: the same by index.
    public subscript<T: PostgresDecodable>(_ column: Int) -> T {
        get throws(PostgresError) { try decode(column) }
    }
}
