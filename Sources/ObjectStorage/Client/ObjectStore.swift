internal import AsyncHTTPClient
internal import Foundation
public import Logging
public import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// A bucket of an S3-compatible store. Every wait has a limit, and what may be repeated is.
///
/// A key is written once and never again, so a repeated request does what the first one did.
public final class ObjectStore: Sendable {
    public let configuration: ObjectStoreConfiguration
    let http: HTTPClient
    private let logger: Logger
    private let health = Mutex(Health())
    private let streams = Mutex(StreamPlaces(max: maxStreams, maxSilence: .seconds(maxSilence + 5)))

    /// What is known of the store, and counted since the start.
    public struct Health: Sendable {
        /// Whether the store did the last time what it was asked, or could have.
        public var isUp = true
        public var requests = 0
        /// Requests that were given up.
        public var failures = 0
        public var sentBytes = 0
        public var receivedBytes = 0
    }

    /// Connections at once. A request waits for one at most as long as for a connection to be made.
    private static let maxConnections = 64
    /// Of those, as many at most stay with somebody who takes the bytes as he can. The others are for everything else, which
    /// never waits for whoever asked.
    private static let maxStreams = 32
    /// How many bytes are read at once. A read costs much the same whatever it brings, so a large file is read in larger pieces
    /// than SwiftNIO's 64 KiB.
    private static let readSizes = AdaptiveRecvByteBufferAllocator(
        minimum: 16 << 10, initial: 64 << 10, maximum: 256 << 10)
    /// In seconds: how long a connection may bring nothing, also because nobody takes what it brings.
    private static let maxSilence = 20

    public init(_ configuration: ObjectStoreConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        var settings = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(
                connect: .seconds(5), read: .seconds(Int64(Self.maxSilence)),
                write: .seconds(Int64(Self.maxSilence))))
        settings.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = Self.maxConnections
        // A store that is away is found away at once.
        settings.connectionPool.retryConnectionEstablishment = false
        settings.httpVersion = .http1Only
        settings.http1_1ConnectionDebugInitializer = { channel in
            channel.setOption(.recvAllocator, value: Self.readSizes).flatMap {
                EarlyAnswerHandler.add(to: channel, maxBytes: ObjectRequest.maxErrorBytes)
            }
        }
        http = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton), configuration: settings)
    }

    public func shutdown() async { try? await http.shutdown() }

    public var status: Health { health.withLock { $0 } }

    // MARK: Objects

    /// Up to this many bytes are stored by one request; more in parts.
    static let partSize = 64 << 20

    public func put(_ key: String, _ source: ObjectSource) async throws {
        if source.size > Self.partSize { return try await putInParts(key, source) }
        _ = try await perform(
            ObjectRequest(.PUT, key: key, source: source, payloadHash: source.sha256 ?? SignableRequest.unsignedPayload)
        )
    }

    /// The bytes of `range`, or those of them that there are.
    /// - Throws: `notFound`.
    /// - Parameter tag: If it is known: of another version of the object, nothing comes.
    public func get(_ key: String, _ range: Range<Int>, tag: String? = nil) async throws -> ObjectPart {
        let answer = try await perform(ObjectRequest(key, range, tag: tag, maxBytes: range.count))
        guard let part = ObjectPart(answer, range) else {
            throw ObjectStoreError(.malformed, "\(key): the store's answer does not fit the range that was asked for")
        }
        return part
    }

    /// The bytes of `range` as they come, or those of them that there are. It waits for the answer's head, and as long as a
    /// connection waits for bytes for each of those that follow.
    /// - Returns: nil while as many streams are open as may be. Then the bytes can be had piece by piece.
    /// - Throws: `notFound`.
    public func stream(_ key: String, _ range: Range<Int>, tag: String? = nil) async throws -> ObjectStream? {
        guard let place = enterStream() else { return nil }
        let request = ObjectRequest(key, range, tag: tag, maxBytes: 0)
        return try await repeating(request) { [self] limit in
            let response = try await execute(request, within: limit)
            if let error = try await ObjectAnswer.error(response, to: request, within: limit) { throw error }
            return try ObjectStream(response, key, range, place: place)
        }.value
    }

    private func enterStream() -> StreamPlace? {
        streams.withLock { $0.enter(at: .now) }.map { StreamPlace($0, of: self) }
    }

    func leaveStream(_ id: StreamPlaces.ID) { streams.withLock { $0.leave(id) } }

    func count(received bytes: Int, by id: StreamPlaces.ID) {
        health.withLock { $0.receivedBytes += bytes }
        streams.withLock { $0.use(id, at: .now) }
    }

    /// A whole object of at most `maxBytes`.
    public func get(_ key: String, maxBytes: Int) async throws -> ByteBuffer {
        try await perform(ObjectRequest(.GET, key: key, maxBytes: maxBytes)).bytes
    }

    /// In bytes; nil if there is no such object.
    public func size(of key: String) async throws -> Int? {
        do {
            let answer = try await perform(ObjectRequest(.HEAD, key: key))
            guard let size = answer.headers.first(name: "content-length").flatMap({ Int($0) }) else {
                throw ObjectStoreError(.malformed, "\(key): the store does not say how long it is")
            }
            return size
        } catch let error as ObjectStoreError where error.code == .notFound {
            return nil
        }
    }

    /// Deletes an object, if there is one.
    public func delete(_ key: String) async throws {
        do {
            _ = try await perform(ObjectRequest(.DELETE, key: key))
        } catch let error as ObjectStoreError where error.code == .notFound {
            return
        }
    }

    /// Objects whose keys begin with `prefix`, by their keys.
    /// - Parameter next: What the page before said.
    public func list(prefix: String, after next: String? = nil) async throws -> ObjectPage {
        var request = ObjectRequest(.GET, key: "", maxBytes: Self.maxListBytes)
        request.query = [("list-type", "2"), ("max-keys", "1000"), ("prefix", prefix)]
        if let next { request.query.append(("continuation-token", next)) }
        let answer = try await perform(request)
        do {
            return try ObjectPage.parse(answer.bytes.readableBytesView)
        } catch {
            throw ObjectStoreError(.malformed, "the store's list of objects cannot be read")
        }
    }

    static let maxListBytes = 4 << 20

    /// Whether the store accepts the keys and has the bucket.
    public func check() async throws {
        _ = try await perform(Self.probe)
    }

    private static var probe: ObjectRequest {
        var request = ObjectRequest(.GET, key: "", maxBytes: maxListBytes)
        request.query = [("list-type", "2"), ("max-keys", "1")]
        return request
    }

    /// Whether the store refuses this server nothing but what it was just asked for.
    private func isBucketOpen() async -> Bool {
        (try? await send(Self.probe, within: .seconds(10))) != nil
    }

    /// An address by which anybody can get the object for so many seconds.
    /// - Parameter answering: Header fields that the store is to answer with: `content-type`, for example.
    public func address(of key: String, seconds: Int, answering fields: [(name: String, value: String)]) -> String {
        let request = SignableRequest(
            method: "GET", path: configuration.path(of: key),
            query: fields.map { ("response-\($0.name)", $0.value) }, headers: [("host", configuration.authority)],
            payloadHash: SignableRequest.unsignedPayload)
        let signed = configuration.signature.presigned(request, at: SigningTime(Date()), seconds: seconds)
        return configuration.origin + signed.target
    }

    // MARK: Requests

    /// Performs a request, again if that makes sense.
    /// - Throws: ``ObjectStoreError``, what the source of the bytes throws, `CancellationError`.
    func perform(_ request: ObjectRequest) async throws -> ObjectAnswer {
        var (answer, isRepeated) = try await repeating(request) { try await send(request, within: $0) }
        answer.isRepeated = isRepeated
        health.withLock { health in
            health.sentBytes += request.source?.size ?? 0
            health.receivedBytes += answer.buffers.reduce(0) { $0 + $1.readableBytes }
        }
        return answer
    }

    /// - Parameter attempt: Performs the request within a time.
    /// - Returns: What it returns, and whether the request was made more than once.
    private func repeating<Value: Sendable>(
        _ request: ObjectRequest, attempt: (Duration) async throws -> Value
    ) async throws -> (value: Value, isRepeated: Bool) {
        // While the store is away, nobody waits long for it.
        let isUp = health.withLock { health in
            health.requests += 1
            return health.isUp
        }
        let attempts = isUp ? RetryPolicy.repeated.attempts : 1
        let patience =
            isUp ? request.patience : min(request.patience, .seconds(5 + request.patience.components.seconds / 6))
        let end = ContinuousClock.now + patience
        var failures = 0
        while true {
            do {
                let value = try await translating { try await attempt(patience) }
                succeed()
                return (value, failures > 0)
            } catch let error as ObjectStoreError {
                if error.isOfOneRequest {
                    // It answered.
                    succeed()
                    throw error
                }
                if error.code == .refused, request.isOptional { throw error }
                if error.mayBeOfOneObject, await isBucketOpen() {
                    logger.warning(
                        "the object store refuses an object",
                        metadata: ["key": "\(request.key)", "method": "\(request.method)", "error": "\(error)"])
                    succeed()
                    throw error
                }
                failures += 1
                guard error.code == .unavailable, failures < attempts, ContinuousClock.now < end else {
                    fail(error)
                    throw error
                }
                try await Task.sleep(for: RetryPolicy.pause(after: failures, random: .random(in: 0...1)))
            }
        }
    }

    private func succeed() {
        let wasUp = health.withLock { health in
            defer { health.isUp = true }
            return health.isUp
        }
        if !wasUp { logger.notice("the object store can be used again", metadata: ["store": "\(configuration.name)"]) }
    }

    private func fail(_ error: ObjectStoreError) {
        let wasUp = health.withLock { health in
            defer { health.isUp = false }
            health.failures += 1
            return health.isUp
        }
        guard wasUp else { return }
        let trouble = error.code == .unavailable ? "is away" : "refuses this server"
        logger.error(
            "the object store \(trouble): files cannot be stored or read",
            metadata: ["store": "\(configuration.name)", "error": "\(error)"])
    }

    private func translating<Value>(_ body: () async throws -> Value) async throws -> Value {
        do {
            return try await body()
        } catch let failure as ObjectSource.Failure {
            throw failure.underlying
        } catch let error as ObjectStoreError {
            throw error
        } catch {
            try Task.checkCancellation()
            throw ObjectStoreError(.unavailable, "\(error)")
        }
    }
}
