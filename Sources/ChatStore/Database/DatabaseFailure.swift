import PostgresClient

/// What a use case has to know of an error of the database.
package enum DatabaseFailure {
    /// Whether a row was locked by somebody else, and the same may succeed later.
    package static func metLock(_ error: any Error) -> Bool { (error as? PostgresError)?.metLock == true }

    /// Whether the change may have been committed although it failed here.
    package static func maybeExecuted(_ error: any Error) -> Bool { (error as? PostgresError)?.maybeExecuted == true }

    /// Whether the error of the database proves that nothing was changed.
    package static func provesNoEffect(_ error: any Error) -> Bool { (error as? PostgresError)?.maybeExecuted == false }

    /// Whether the server refused the statement for what it says: it would refuse it again.
    package static func isStatementRefused(_ error: any Error) -> Bool {
        guard let error = error as? PostgresError else { return false }
        return error.code == .server && error.sqlState?.meansUnavailable != true
    }

    /// Whether the client was closed, so that asking again is of no use.
    package static func isClosed(_ error: any Error) -> Bool { (error as? PostgresError)?.code == .closed }
}
