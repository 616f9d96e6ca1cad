import CPostgres

/// Owns one `PGresult`.
///
/// Sendable although it holds a C pointer: libpq never changes a result once `PQgetResult` has handed it out, its
/// accessors used here only read it, and it is freed when the last reference goes, so any thread may read at any time.
final class PQResult: @unchecked Sendable {
    enum Status { case tuples, command, failed, aborted, synchronized, unexpected }

    private let pointer: OpaquePointer
    /// Searched for each value that is read by name. There are few, so a search is faster than a dictionary.
    private let columnNames: [String]

    /// Takes over the pointer.
    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
        columnNames = (0..<PQnfields(pointer)).map { PQfname(pointer, $0).map { String(cString: $0) } ?? "" }
    }

    deinit { PQclear(pointer) }

    var status: Status {
        switch PQresultStatus(pointer) {
        case PGRES_TUPLES_OK: .tuples
        case PGRES_COMMAND_OK, PGRES_EMPTY_QUERY: .command
        case PGRES_FATAL_ERROR: .failed
        case PGRES_PIPELINE_ABORTED: .aborted
        case PGRES_PIPELINE_SYNC: .synchronized
        default: .unexpected  // COPY, which needs a conversation of its own.
        }
    }

    var rowCount: Int { Int(PQntuples(pointer)) }
    var columnCount: Int { columnNames.count }

    /// Such as "INSERT 0 1" or "COMMIT".
    var commandTag: String { String(cString: PQcmdStatus(pointer)) }

    /// Rows that the command touched; 0 for one that touches none.
    var affectedRows: Int { Int(String(cString: PQcmdTuples(pointer))) ?? 0 }

    func columnIndex(_ name: String) -> Int? { columnNames.firstIndex(of: name) }

    func columnName(_ column: Int) -> String { columnNames[column] }

    /// Passes one column of one row to `body`. Both indexes must be in range.
    func withCell<T>(
        row: Int, column: Int, _ body: (PostgresCell) throws(PostgresError) -> T
    ) throws(PostgresError) -> T {
        let row = Int32(row)
        let column = Int32(column)
        let type = PostgresType(PQftype(pointer, column))
        let bytes: UnsafeRawBufferPointer? =
            PQgetisnull(pointer, row, column) == 1
            ? nil
            : UnsafeRawBufferPointer(
                start: PQgetvalue(pointer, row, column), count: Int(PQgetlength(pointer, row, column)))
        defer { withExtendedLifetime(self) {} }
        return try body(PostgresCell(bytes: bytes, type: type))
    }
}

extension PQResult {
    /// Whether the server ended the connection with this error.
    var isFatal: Bool {
        switch field(cpg_result_severity) {
        case "FATAL", "PANIC": true
        default: false
        }
    }

    /// Whether a prepared statement is no longer what this side believes: it is gone (26000), or the tables under it
    /// changed (0A000 from the function that checks cached plans; the code alone also means other things).
    var isStaleStatement: Bool {
        switch sqlState {
        case .invalidStatementName: true
        case .featureNotSupported: field(cpg_result_source_function) == "RevalidateCachedQuery"
        default: false
        }
    }

    private var sqlState: SQLState? { field(cpg_result_sqlstate).map(SQLState.init(rawValue:)) }

    /// The position of the error in the SQL text, in characters from 1.
    var errorPosition: Int? { field(cpg_result_position).flatMap { Int($0) } }

    /// The error that the server reported. This is the only place where a SQLSTATE becomes a code.
    var error: PostgresError {
        let message = field(cpg_result_message) ?? String(cString: PQresultErrorMessage(pointer))
        let state = sqlState
        if isFatal { return PostgresError(.connectionLost, message, maybeExecuted: true, sqlState: state) }
        return PostgresError(
            state == .queryCanceled ? .timedOut : .server, message, sqlState: state,
            constraint: field(cpg_result_constraint), table: field(cpg_result_table),
            column: field(cpg_result_column))
    }

    private func field(_ read: (OpaquePointer?) -> UnsafePointer<CChar>?) -> String? {
        read(pointer).map { String(cString: $0) }
    }
}
