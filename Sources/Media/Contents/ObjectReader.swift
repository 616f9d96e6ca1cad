internal import NIOCore
internal import ObjectStorage

/// One object, read as ``ObjectReading`` says. An answer that breaks is asked for again from where it broke.
public struct ObjectReader: Sendable {
    let objects: ObjectStore
    let key: String
    /// In bytes, as the database has it.
    public let size: Int

    func bytes(_ range: Range<Int>) async throws -> ByteBuffer {
        let range = range.clamped(to: 0..<size)
        guard !range.isEmpty else { return ByteBuffer() }
        var reading = ObjectReading(range, of: size)
        guard case .piece(let part) = try await piece(range, &reading) else { return ByteBuffer() }
        return part.bytes
    }

    func begin(_ range: Range<Int>) async throws -> ObjectPieces {
        var reading = ObjectReading(range, of: size)
        let first = try await answer(&reading)
        return ObjectPieces(reader: self, reading: reading, first: first)
    }

    fileprivate enum Answer: Sendable {
        case stream(ObjectStream)
        case piece(ObjectPart)
    }

    /// What comes next; nil at the end.
    fileprivate func answer(_ reading: inout ObjectReading) async throws -> Answer? {
        while let step = reading.step {
            switch step {
            case .piece(let range): return try await piece(range, &reading)
            case .stream(let range):
                let tag = reading.tag
                guard let stream = try await objects.reading({ try await $0.stream(key, range, tag: tag) }) else {
                    reading.isCrowded()
                    continue
                }
                try check(reading.began(totalSize: stream.totalSize, tag: stream.tag))
                return .stream(stream)
            }
        }
        return nil
    }

    private func piece(_ range: Range<Int>, _ reading: inout ObjectReading) async throws -> Answer {
        let tag = reading.tag
        let part = try await objects.reading { try await $0.get(key, range, tag: tag) }
        try check(reading.began(totalSize: part.totalSize, tag: part.tag))
        return .piece(part)
    }

    private func check(_ problem: String?) throws {
        if let problem { throw MediaError(.io, "\(key): \(problem)") }
    }
}

/// The bytes of a part of an object, of which the first are known to come.
public struct ObjectPieces: Sendable {
    let reader: ObjectReader
    let reading: ObjectReading
    fileprivate let first: ObjectReader.Answer?

    func write(_ send: (ByteBuffer) async throws -> Void) async throws {
        var (reading, next) = (reading, first)
        while let answer = if let next { next } else { try await reader.answer(&reading) } {
            next = nil
            switch answer {
            case .piece(let part):
                let began = ContinuousClock.now
                for buffer in part.buffers { try await send(buffer) }
                reading.passed(part.size, in: began.duration(to: .now))
            case .stream(let stream):
                try await pass(stream, &reading, send)
            }
        }
    }

    /// Until the stream ends, or breaks, or the reader is slow.
    private func pass(
        _ stream: ObjectStream, _ reading: inout ObjectReading, _ send: (ByteBuffer) async throws -> Void
    ) async throws {
        let bytes = stream.makeIterator()
        while true {
            let buffer: ByteBuffer?
            do {
                buffer = try await reader.objects.reading { _ in try await bytes.next() }
            } catch let error as MediaError where error.code == .away {
                guard let failures = reading.failed() else { throw error }
                return try await Task.sleep(for: RetryPolicy.pause(after: failures, random: .random(in: 0...1)))
            }
            guard let buffer else { return }
            let began = ContinuousClock.now
            try await send(buffer)
            reading.passed(buffer.readableBytes, in: began.duration(to: .now))
            // Who is slow holds no connection: it is given up, and what is missing asked for later.
            if case .piece = reading.step { return }
        }
    }
}

extension ObjectStore {
    /// Runs requests, and translates their errors.
    func reading<Value: Sendable>(_ body: (ObjectStore) async throws -> Value) async throws -> Value {
        do {
            return try await body(self)
        } catch let error as ObjectStoreError {
            switch error.code {
            case .notFound: throw MediaError(.notFound, error.detail)
            case .unavailable, .noBucket: throw MediaError(.away, error.detail)
            case .refused: throw MediaError(.refused, error.detail)
            case .rejected, .malformed: throw MediaError(.io, error.detail)
            }
        }
    }
}
