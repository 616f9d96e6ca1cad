import ChatModel
import ChatTesting
import Testing

@testable import ChatStore
@testable import PostgresClient

/// What callers are told when the database failed.
@Suite struct ChatErrorTests {
    private struct Other: Error {}

    private func told(_ error: any Error) -> ChatError { ChatError(databaseError: error, logger: .silent) }

    private func server(_ state: SQLState, constraint: String? = nil) -> PostgresError {
        PostgresError(.server, "secret", sqlState: state, constraint: constraint)
    }

    @Test func aRefusalOfTheDomainStays() {
        #expect(told(ChatError(.muted, "not now")) == ChatError(.muted, "not now"))
    }

    @Test func anUploadThatWasDeletedMeanwhileIsTheCallersMatter() {
        #expect(told(server(.foreignKeyViolation, constraint: "attachments_upload_id_fkey")) == .unusableAttachments)
        #expect(told(server(.foreignKeyViolation, constraint: "users_avatar_upload_id_fkey")) == .unusableAvatar)
        #expect(told(server(.foreignKeyViolation, constraint: "another")).code == .internal)
    }

    @Test func whatMaySucceedLaterIsUnavailable() {
        for error in [PostgresError.unavailable, .queueFull, .closed, .cancelled, PostgresError(.timedOut, "")] {
            #expect(told(error) == .unavailable, "\(error)")
        }
        for state: SQLState in [
            "08006", .deadlockDetected, .serializationFailure, .diskFull, "53300", .queryCanceled, .adminShutdown,
            "58030", .readOnlyTransaction, .lockNotAvailable, .objectInUse,
        ] {
            #expect(told(server(state)) == .unavailable, "\(state)")
        }
    }

    /// The reason goes to the log.
    @Test func aMistakeOfThisProgramIsNotExplained() {
        for error in [
            server(.syntaxError), server(.inFailedTransaction), server("55000"), server("54001"),
            PostgresError(.misuse, "secret"), PostgresError(.decoding, "secret"), Other(),
        ] as [any Error] {
            #expect(told(error).code == .internal)
            #expect(!told(error).detail.contains("secret"))
        }
    }
}
