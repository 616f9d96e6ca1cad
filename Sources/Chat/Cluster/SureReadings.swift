import ChatModel
import Logging

/// Reads for what another server told, until it has been read: no revision makes up for it. What is told meanwhile is joined,
/// and of one key the last value counts. One batch is read at a time.
///
/// What fails in a batch is read by itself, and given up after many attempts: it must not hold up the others for ever.
final class SureReadings<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    typealias Batch = [Key: Value]

    private struct Told {
        var value: Value
        var attempts = 0
    }

    private typealias Waiting = [Key: Told]

    static var maxAttempts: Int { 20 }
    /// After as many failures in a row, more likely all of them fail, and each may take seconds.
    private static var maxFailures: Int { 3 }

    private let batcher: Batcher<Waiting, Waiting>
    private let pause: Duration
    private let logger: Logger
    private let read: @Sendable (Batch) async throws -> Void

    /// - Parameter pause: After a failure.
    init(
        maxBatch: Int, pause: Duration = .milliseconds(500), logger: Logger,
        read: @escaping @Sendable (Batch) async throws -> Void
    ) {
        batcher = Batcher([:]) { waiting in
            var batch: Waiting = [:]
            if waiting.count <= maxBatch {
                swap(&batch, &waiting)
            } else {
                for key in Array(waiting.keys.prefix(maxBatch)) { batch[key] = waiting.removeValue(forKey: key) }
            }
            return batch.isEmpty ? nil : batch
        }
        self.pause = pause
        self.logger = logger
        self.read = read
    }

    func add(_ news: some Sequence<(Key, Value)>) {
        batcher.submit { waiting in
            for (key, value) in news { waiting[key] = Told(value: value) }
            return !waiting.isEmpty
        } work: { batch in
            let rest = await self.unread(of: batch)
            guard !rest.isEmpty else { return }
            self.batcher.update { $0.merge(rest) { newer, _ in newer } }
            try? await Task.sleep(for: self.pause)
        }
    }

    /// Reads a batch.
    /// - Returns: What has to be read again.
    private func unread(of batch: Waiting) async -> Waiting {
        do {
            try await read(batch.mapValues(\.value))
            return [:]
        } catch {
            logger.debug("what another server told is read later", metadata: ["error": "\(error)"])
            if batch.count == 1 { return batch.compactMapValues { again($0, error) } }
        }
        var rest = batch
        var failures = 0
        for (key, told) in batch {
            do {
                try await read([key: told.value])
                rest[key] = nil
                failures = 0
            } catch {
                rest[key] = again(told, error)
                failures += 1
                if failures == Self.maxFailures { break }
            }
        }
        return rest
    }

    private func again(_ told: Told, _ error: any Error) -> Told? {
        guard told.attempts + 1 < Self.maxAttempts else {
            logger.warning("what another server told is not read", metadata: ["error": "\(error)"])
            return nil
        }
        return Told(value: told.value, attempts: told.attempts + 1)
    }
}
