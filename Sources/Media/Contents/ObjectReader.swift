internal import NIOCore
internal import ObjectStorage

/// One object, read in pieces. Each piece is a request of its own, so a slow reader holds no connection to the store, and a
/// connection that breaks costs one piece, which is asked for again.
public struct ObjectReader: Sendable {
    let objects: ObjectStore
    let key: String
    /// In bytes, as the database has it.
    public let size: Int

    func bytes(_ range: Range<Int>) async throws -> ByteBuffer {
        let range = range.clamped(to: 0..<size)
        return range.isEmpty ? ByteBuffer() : try await piece(range).bytes
    }

    func begin(_ range: Range<Int>) async throws -> ObjectPieces {
        let range = range.clamped(to: 0..<size)
        let first = range.lowerBound..<min(range.lowerBound + PieceWindow.minSize, range.upperBound)
        return ObjectPieces(reader: self, range: range, first: first.isEmpty ? nil : try await piece(first))
    }

    fileprivate func piece(_ range: Range<Int>) async throws -> ObjectPart {
        let part = try await objects.reading { try await $0.get(key, range) }
        // A damaged file must not be served as if it were whole.
        guard part.totalSize == size else {
            throw MediaError(.io, "\(key): a stored object has become \(part.totalSize) bytes long")
        }
        return part
    }
}

/// The bytes of a part of an object.
public struct ObjectPieces: Sendable {
    let reader: ObjectReader
    let range: Range<Int>
    let first: ObjectPart?

    func write(_ send: (ByteBuffer) async throws -> Void) async throws {
        var (offset, window, next) = (range.lowerBound, PieceWindow(), first)
        while offset < range.upperBound {
            let wanted = offset..<min(offset + window.size, range.upperBound)
            let part = if let next { next } else { try await reader.piece(wanted) }
            next = nil
            let began = ContinuousClock.now
            for buffer in part.buffers { try await send(buffer) }
            offset += part.size
            window.took(began.duration(to: .now))
        }
    }
}

/// How large the next piece is: more for a fast reader, because each request costs something; little for a slow one, because
/// a piece is in memory until it is sent. Pure.
struct PieceWindow: Equatable {
    static let minSize = 256 << 10
    static let maxSize = 2 << 20

    private(set) var size = minSize

    /// - Parameter time: How long it took to send the last piece.
    mutating func took(_ time: Duration) {
        if time < .seconds(1) {
            size = min(2 * size, Self.maxSize)
        } else {
            size = Self.minSize
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
