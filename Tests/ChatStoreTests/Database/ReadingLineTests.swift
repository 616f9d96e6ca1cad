import ChatModel
import Testing

@testable import ChatStore
@testable import PostgresClient

@Suite struct ReadingLineTests {
    private let line = ReadingLine(maxWaiting: 1, advice: "search for a rarer word")

    private func refusal(_ error: PostgresError) async -> (any Error)? {
        do {
            try await line.ask(.make()) { throw error }
            return nil
        } catch {
            return error
        }
    }

    @Test func aReadThatTookTooLongSaysWhatToDo() async {
        for error in [PostgresError(.timedOut, ""), PostgresError(.server, "", sqlState: .queryCanceled)] {
            let refusal = await refusal(error) as? ChatError
            #expect(refusal == ChatError(.unavailable, "search for a rarer word", retryAfter: 1))
        }
    }

    @Test func otherErrorsStay() async {
        let refusal = await refusal(PostgresError(.server, "", sqlState: .undefinedTable)) as? PostgresError
        #expect(refusal?.sqlState == .undefinedTable)
    }

    @Test func onePersonHasOneReadAtATime() async throws {
        let line = ReadingLine(maxWaiting: 0, advice: "")
        let (ana, bo) = (UserID.make(), UserID.make())
        try await line.ask(ana) {
            try await line.ask(bo) {}
            await #expect(throws: ChatError.unavailable) { try await line.ask(ana) {} }
        }
        try await line.ask(ana) {}
    }
}
