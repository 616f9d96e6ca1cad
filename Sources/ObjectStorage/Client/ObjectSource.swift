public import NIOCore

/// The bytes of an object that is to be stored. They are read again when the request is repeated.
public struct ObjectSource: Sendable {
    /// In bytes.
    public let size: Int
    /// The SHA-256 in hexadecimal, if it is known: the store then checks what it gets.
    public let sha256: String?
    private let read: @Sendable (_ offset: Int, _ count: Int) async throws -> ByteBuffer

    /// - Parameter read: Returns up to `count` bytes at `offset`, and none only at the end.
    public init(
        size: Int, sha256: String?, read: @escaping @Sendable (_ offset: Int, _ count: Int) async throws -> ByteBuffer
    ) {
        self.size = size
        self.sha256 = sha256
        self.read = read
    }

    public init(_ bytes: ByteBuffer, sha256: String? = nil) {
        self.init(size: bytes.readableBytes, sha256: sha256) { offset, count in
            bytes.getSlice(at: bytes.readerIndex + offset, length: min(count, bytes.readableBytes - offset))
                ?? ByteBuffer()
        }
    }

    /// The bytes could not be read. It is no fault of the store.
    struct Failure: Error { let underlying: any Error }

    struct Shortened: Error, CustomStringConvertible {
        let description = "the file became shorter while it was sent"
    }

    func part(_ range: Range<Int>) -> ObjectSource {
        ObjectSource(size: range.count, sha256: nil) { [read] in try await read(range.lowerBound + $0, $1) }
    }

    var chunks: Chunks { Chunks(source: self) }

    /// Of what is read at once, in bytes.
    static let chunkSize = 256 * 1024

    /// Read as the socket takes them.
    struct Chunks: AsyncSequence, Sendable {
        typealias Element = ByteBuffer

        let source: ObjectSource

        struct AsyncIterator: AsyncIteratorProtocol {
            let source: ObjectSource
            var offset = 0

            mutating func next() async throws -> ByteBuffer? {
                guard offset < source.size else { return nil }
                let chunk: ByteBuffer
                do {
                    chunk = try await source.read(offset, Swift.min(ObjectSource.chunkSize, source.size - offset))
                } catch {
                    throw ObjectSource.Failure(underlying: error)
                }
                guard chunk.readableBytes > 0 else { throw ObjectSource.Failure(underlying: Shortened()) }
                offset += chunk.readableBytes
                return chunk
            }
        }

        func makeAsyncIterator() -> AsyncIterator { AsyncIterator(source: source) }
    }
}
