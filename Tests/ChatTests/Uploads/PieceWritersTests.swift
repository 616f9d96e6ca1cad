import ChatModel
import Synchronization
import Testing

@testable import Chat

@Suite struct PieceWritersTests {
    /// A clock that a test moves.
    private final class Clock: Sendable {
        private let time = Mutex(ContinuousClock.now)
        var now: ContinuousClock.Instant { time.withLock { $0 } }
        func advance(by duration: Duration) { time.withLock { $0 += duration } }
    }

    private let clock = Clock()
    private let writers: PieceWriters
    private let key = PieceWriters.Key(upload: .make(), owner: .make())

    init() {
        let clock = clock
        writers = PieceWriters { clock.now }
    }

    private func isRefused(_ key: PieceWriters.Key) -> Bool {
        do throws(ChatError) {
            _ = try writers.begin(key)
            return false
        } catch {
            return error.code == .uploadOffsetMismatch && error.retryAfter == 1
        }
    }

    /// A writer that receives until it is interrupted.
    private final class Writer: Sendable {
        private let interrupted = Atomic(false)
        private let task = Mutex<Task<Void, any Error>?>(nil)

        var isInterrupted: Bool { interrupted.load(ordering: .sequentiallyConsistent) }

        /// Begins to receive.
        init(_ turn: PieceWriters.Turn) async {
            let (started, starting) = AsyncStream.makeStream(of: Void.self)
            let task = Task {
                try await turn.run { [self] in
                    let (never, continuation) = AsyncStream.makeStream(of: Void.self)
                    await withTaskCancellationHandler {
                        starting.finish()
                        for await _ in never {}
                    } onCancel: {
                        interrupted.store(true, ordering: .sequentiallyConsistent)
                        continuation.finish()
                    }
                }
            }
            self.task.withLock { $0 = task }
            for await _ in started {}
        }

        func cancel() { task.withLock { $0 }?.cancel() }

        /// Returns when it has been interrupted.
        func end() async { _ = await task.withLock { $0 }?.result }
    }

    @Test func oneWritesAtATime() throws {
        _ = try writers.begin(key)
        #expect(isRefused(key))
        #expect(!isRefused(.init(upload: .make(), owner: key.owner)), "another upload")
        #expect(!isRefused(.init(upload: key.upload, owner: .make())), "nobody stands in the way of another's upload")
        writers.end(key)
        #expect(!isRefused(key))
        writers.end(.init(upload: .make(), owner: .make()))
    }

    @Test func aSilentWriterGivesWayToTheNext() async throws {
        let turn = try writers.begin(key)
        let writer = await Writer(turn)
        clock.advance(by: .milliseconds(4999))
        #expect(isRefused(key))
        turn.heard()
        clock.advance(by: .milliseconds(4999))
        #expect(isRefused(key))
        #expect(!writer.isInterrupted, "it was heard meanwhile")
        clock.advance(by: .milliseconds(1))
        #expect(isRefused(key), "trying again works, once the silent one has ended")
        #expect(writer.isInterrupted)
        await writer.end()
        writers.end(key)
        #expect(!isRefused(key))
    }

    @Test func whoAsksWhereToGoOnInterruptsASilentWriterOnly() async throws {
        let writer = await Writer(try writers.begin(key))
        writers.interruptSilent(key)
        clock.advance(by: .seconds(5))
        writers.interruptSilent(.init(upload: .make(), owner: .make()))
        #expect(!writer.isInterrupted)
        writers.interruptSilent(key)
        #expect(writer.isInterrupted)
        await writer.end()
    }

    @Test func theOwnerTakesOverAtOnceAndAfterTheWriterHasEnded() async throws {
        let writer = await Writer(try writers.begin(key))
        async let taken = writers.takeOver(key)
        // Interrupted though it was heard just now.
        await writer.end()
        #expect(writer.isInterrupted)
        writers.end(key)
        _ = await taken
        #expect(isRefused(key), "the turn is the owner's now")
        writers.end(key)
        _ = await writers.takeOver(key)
        #expect(isRefused(key))
    }

    /// It may still look its upload up when somebody takes over.
    @Test func aWriterThatHasYetToReceiveGivesWayToo() async throws {
        let turn = try writers.begin(key)
        async let taken = writers.takeOver(key)
        while !turn.isAwaited { await Task.yield() }
        let writer = await Writer(turn)
        #expect(writer.isInterrupted)
        writer.cancel()
        await writer.end()
        writers.end(key)
        _ = await taken
    }

    @Test func aWriterThatIsCancelledFromOutsideStops() async throws {
        let writer = await Writer(try writers.begin(key))
        writer.cancel()
        await writer.end()
        #expect(writer.isInterrupted)
    }
}
