internal import AsyncHTTPClient
public import NIOCore
internal import NIOHTTP1

/// The bytes of a part of an object, as they come from the store. They come only as they are taken: what nobody takes waits in
/// the store. Whoever lets go of it, or of its iterator, before the end gives up the request.
public struct ObjectStream: Sendable {
    /// Of the whole object, in bytes.
    public let totalSize: Int
    /// The store's name of this version of the object, where it has one that can be asked for.
    public let tag: String?
    let size: Int
    private let isExact: Bool
    private let body: HTTPClientResponse.Body
    private let place: StreamPlace?

    /// Throws where the answer does not fit the range that was asked for.
    init(_ response: HTTPClientResponse, _ key: String, _ wanted: Range<Int>, place: StreamPlace?) throws {
        guard let head = ObjectPartHead(status: response.status.code, response.headers, wanted) else {
            throw ObjectStoreError(.malformed, "\(key): the store's answer does not fit the range that was asked for")
        }
        totalSize = head.totalSize
        tag = head.tag
        size = head.size
        isExact = head.isExact
        body = response.body
        self.place = place
    }

    public func makeIterator() -> Iterator { Iterator(body.makeAsyncIterator(), size, isExact, place) }

    public final class Iterator {
        private var bytes: HTTPClientResponse.Body.AsyncIterator
        private var missing: Int
        private let isExact: Bool
        private let place: StreamPlace?

        fileprivate init(
            _ bytes: HTTPClientResponse.Body.AsyncIterator, _ size: Int, _ isExact: Bool, _ place: StreamPlace?
        ) {
            self.bytes = bytes
            missing = size
            self.isExact = isExact
            self.place = place
        }

        deinit { place?.leave() }

        /// The next bytes; nil at the end.
        /// - Throws: `unavailable` if the answer is cut short, or nothing comes for too long.
        public func next() async throws -> ByteBuffer? {
            do {
                guard missing > 0 else {
                    // To its end, which comes with its last byte, so that its connection can be used again. Any other answer may
                    // keep its end to itself: it is given up.
                    if isExact { _ = try? await bytes.next() }
                    return nil
                }
                guard var buffer = try await bytes.next() else {
                    throw ObjectStoreError(.unavailable, "the store's answer was cut short")
                }
                if buffer.readableBytes > missing { buffer.moveWriterIndex(to: buffer.readerIndex + missing) }
                missing -= buffer.readableBytes
                place?.received(buffer.readableBytes)
                return buffer
            } catch let error as ObjectStoreError {
                throw error
            } catch {
                try Task.checkCancellation()
                throw ObjectStoreError(.unavailable, "\(error)")
            }
        }
    }
}

/// One of the streams that may be open at once. It is left at the latest when nobody holds it.
final class StreamPlace: Sendable {
    private let store: ObjectStore
    private let id: StreamPlaces.ID

    init(_ id: StreamPlaces.ID, of store: ObjectStore) {
        self.store = store
        self.id = id
    }

    deinit { leave() }

    func leave() { store.leaveStream(id) }

    func received(_ count: Int) { store.count(received: count, by: id) }
}

/// What the head of an answer says of the bytes that follow.
struct ObjectPartHead: Equatable {
    /// Of the whole object, in bytes.
    let totalSize: Int
    /// How many bytes of those that were asked for follow.
    let size: Int
    let tag: String?
    /// Whether the answer announces no byte more than those.
    let isExact: Bool

    /// Nil where the answer does not fit the range that was asked for.
    init?(status: UInt, _ headers: HTTPHeaders, _ wanted: Range<Int>) {
        let length = headers.first(name: "content-length").flatMap { Int($0) }
        if status == 206 {
            guard let range = headers.first(name: "content-range").flatMap(Self.range),
                range.first == wanted.lowerBound, range.total >= range.first,
                range.end == min(wanted.upperBound, range.total), length.map({ $0 == range.end - range.first }) ?? true
            else { return nil }
            totalSize = range.total
            size = range.end - range.first
        } else {
            // A store may answer with the whole.
            guard wanted.lowerBound == 0, let length else { return nil }
            totalSize = length
            size = min(wanted.upperBound, length)
        }
        isExact = length == size
        // A weak one does not stand for the same bytes.
        tag = headers.first(name: "etag").flatMap { $0.hasPrefix("\"") ? $0 : nil }
    }

    /// `bytes 0-99/200`
    private static func range(_ text: String) -> (first: Int, end: Int, total: Int)? {
        guard text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(whereSeparator: { $0 == "-" || $0 == "/" })
        guard parts.count == 3, let first = Int(parts[0]), let last = Int(parts[1]), let total = Int(parts[2]),
            last < Int.max
        else { return nil }
        return (first, last + 1, total)
    }
}
