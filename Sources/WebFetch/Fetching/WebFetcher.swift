internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPCompression
internal import NIOPosix

/// Reads what a link leads to, within bounds: for links that anybody may have written, to servers that nobody vouches for.
///
/// Each hop's host is resolved once, all its addresses are checked, and the connection goes to one of those addresses. So a
/// name that means another address a moment later gains nothing. Nothing is kept between fetches: no connection, no cookie.
package struct WebFetcher: Sendable {
    package struct Bounds: Sendable {
        /// In bytes, as they are after decompression.
        package var maxBytes: Int
        /// Whether a longer body is cut. It is refused otherwise.
        package var cuts: Bool
        /// In all: names, connections, redirects and the body.
        package var time: Duration

        package init(maxBytes: Int, cuts: Bool, time: Duration) {
            self.maxBytes = maxBytes
            self.cuts = cuts
            self.time = time
        }
    }

    private let addresses: AddressGuard
    private let resolver: any HostResolver
    private let userAgent: String

    static let maxRedirects = 4
    /// For each connection and each silence.
    private static let patience = TimeAmount.seconds(5)

    package init(addresses: AddressGuard, resolver: any HostResolver, userAgent: String) {
        self.addresses = addresses
        self.resolver = resolver
        self.userAgent = userAgent
    }

    /// - Parameter isWanted: Decides by the MIME type of the answer, before its body.
    package func fetch(
        _ address: WebAddress, accept: String, _ bounds: Bounds, isWanted: @escaping @Sendable (String) -> Bool
    ) async throws -> (head: FetchedHead, body: [UInt8]) {
        try await withThrowingTaskGroup { group in
            group.addTask { try await follow(address, accept, bounds, isWanted) }
            group.addTask {
                try await Task.sleep(for: bounds.time)
                throw WebFetchError.timedOut
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }

    private func follow(
        _ start: WebAddress, _ accept: String, _ bounds: Bounds, _ isWanted: @Sendable (String) -> Bool
    ) async throws -> (head: FetchedHead, body: [UInt8]) {
        var address = start
        for _ in 0...Self.maxRedirects {
            switch try await ask(address, accept, bounds, isWanted) {
            case .read(let head, let body): return (head, body)
            case .redirect(let location):
                guard let next = WebAddress(location, relativeTo: address) else { throw WebFetchError.refusedAddress }
                address = next
            }
        }
        throw WebFetchError.tooManyRedirects
    }

    private enum Answer {
        case read(FetchedHead, [UInt8])
        case redirect(String)
    }

    /// One hop, by a client of its own: what it was told of the name holds for this hop alone.
    private func ask(
        _ address: WebAddress, _ accept: String, _ bounds: Bounds, _ isWanted: @Sendable (String) -> Bool
    ) async throws -> Answer {
        let pinned = try await resolve(address)
        try Task.checkCancellation()
        let client = HTTPClient(
            eventLoopGroupProvider: .shared(MultiThreadedEventLoopGroup.singleton),
            configuration: Self.configuration(address, pinned, maxBytes: bounds.maxBytes))
        do {
            let answer = try await ask(address, by: client, accept, bounds, isWanted)
            try await client.shutdown()
            return answer
        } catch {
            try? await client.shutdown()
            throw error
        }
    }

    /// The address to connect to. All that the name means have to be permitted: one that also means the server's neighbors
    /// is no name of a public site.
    func resolve(_ address: WebAddress) async throws -> IPAddress {
        let found: [IPAddress]
        if let literal = IPAddress(address.host) {
            found = [literal]
        } else {
            found = try await resolver.addresses(of: address.host)
        }
        guard let first = found.first, found.allSatisfy({ addresses.permits($0, port: address.port) }) else {
            throw WebFetchError.refusedAddress
        }
        return first
    }

    private static func configuration(
        _ address: WebAddress, _ pinned: IPAddress, maxBytes: Int
    ) -> HTTPClient.Configuration {
        var settings = HTTPClient.Configuration(
            redirectConfiguration: .disallow,
            timeout: .init(connect: patience, read: patience, write: patience),
            // One piece of a body may unpack to much more than is wanted, but not to any size.
            decompression: .enabled(limit: .size(maxBytes + (1 << 20))))
        settings.dnsOverride = [address.host: pinned.text]
        settings.httpVersion = .http1Only
        settings.maximumUsesPerConnection = 1
        settings.connectionPool.retryConnectionEstablishment = false
        // Should the client ever find an address by itself, nothing is sent there.
        settings.http1_1ConnectionDebugInitializer = { channel in
            guard let peer = channel.remoteAddress?.ipAddress, IPAddress(peer) == pinned else {
                return channel.eventLoop.makeFailedFuture(WebFetchError.refusedAddress)
            }
            return channel.eventLoop.makeSucceededVoidFuture()
        }
        return settings
    }

    private func ask(
        _ address: WebAddress, by client: HTTPClient, _ accept: String, _ bounds: Bounds,
        _ isWanted: @Sendable (String) -> Bool
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: address.url.absoluteString)
        request.headers = ["user-agent": userAgent, "accept": accept]
        let response = try await client.execute(request, timeout: Self.patience)
        switch response.status.code {
        case 301, 302, 303, 307, 308:
            guard let location = response.headers.first(name: "location") else { break }
            return .redirect(location)
        default: break
        }
        guard response.status == .ok else { throw WebFetchError.status(Int(response.status.code)) }
        let head = FetchedHead(address: address, contentType: response.headers.first(name: "content-type") ?? "")
        guard isWanted(head.type) else { throw WebFetchError.wrongType(head.type) }
        if !bounds.cuts, let length = response.headers.first(name: "content-length").flatMap({ Int($0) }),
            length > bounds.maxBytes
        {
            throw WebFetchError.tooLarge
        }
        return .read(head, try await Self.read(response.body, bounds))
    }

    private static func read(_ body: HTTPClientResponse.Body, _ bounds: Bounds) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await piece in body {
            bytes += piece.readableBytesView.prefix(bounds.maxBytes - bytes.count)
            guard bytes.count < bounds.maxBytes else {
                // Exactly as many may be all there are; nobody waits to find out.
                if bounds.cuts { break }
                throw WebFetchError.tooLarge
            }
        }
        return bytes
    }
}
