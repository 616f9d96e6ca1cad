import Testing

@testable import ChatStore
@testable import PostgresClient

@Suite struct DatabaseFailureTests {
    private struct Other: Error {}

    private func server(_ state: SQLState) -> PostgresError { PostgresError(.server, "", sqlState: state) }

    @Test func aLockIsMetByWaitingAndByDeadlocks() {
        #expect(DatabaseFailure.metLock(server(.lockNotAvailable)))
        #expect(DatabaseFailure.metLock(server(.deadlockDetected)))
        #expect(!DatabaseFailure.metLock(server(.serializationFailure)))
        #expect(!DatabaseFailure.metLock(PostgresError(.timedOut, "")))
        #expect(!DatabaseFailure.metLock(Other()))
    }

    /// Of an error that is not the database's, neither is known.
    @Test func anErrorMayProveThatNothingWasChanged() {
        let lost = PostgresError(.connectionLost, "", maybeExecuted: true)
        #expect(DatabaseFailure.maybeExecuted(lost) && !DatabaseFailure.provesNoEffect(lost))
        let refused = server(.uniqueViolation)
        #expect(!DatabaseFailure.maybeExecuted(refused) && DatabaseFailure.provesNoEffect(refused))
        #expect(!DatabaseFailure.maybeExecuted(Other()) && !DatabaseFailure.provesNoEffect(Other()))
    }

    @Test func aStatementIsRefusedForWhatItSaysOnly() {
        for state in [SQLState.uniqueViolation, .syntaxError, .checkViolation, .inFailedTransaction] {
            #expect(DatabaseFailure.isStatementRefused(server(state)), "\(state)")
        }
        for state in [SQLState.lockNotAvailable, .diskFull, .adminShutdown, .readOnlyTransaction] {
            #expect(!DatabaseFailure.isStatementRefused(server(state)), "\(state)")
        }
        #expect(!DatabaseFailure.isStatementRefused(PostgresError(.timedOut, "")))
    }

    @Test func aClosedClientStaysClosed() {
        #expect(DatabaseFailure.isClosed(PostgresError.closed))
        #expect(!DatabaseFailure.isClosed(PostgresError.unavailable))
    }
}
