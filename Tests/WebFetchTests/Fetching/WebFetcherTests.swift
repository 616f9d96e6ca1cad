import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing

@testable import WebFetch

/// Answers each look-up with the next list; the last one for ever.
private final class Names: HostResolver {
    private let answers: Mutex<[[String]]>
    let asked = Mutex(0)

    init(_ answers: [String]...) { self.answers = Mutex(answers) }

    func addresses(of host: String) async throws -> [IPAddress] {
        asked.withLock { $0 += 1 }
        return answers.withLock { $0.count > 1 ? $0.removeFirst() : $0.first ?? [] }.compactMap { IPAddress($0) }
    }
}

/// A web server on 127.0.0.1 that answers each path with what a test says.
private final class Site: Sendable {
    typealias Answer = @Sendable (HTTPRequestHead) -> (HTTPResponseStatus, [(String, String)], [UInt8])
    let channel: any Channel
    let heads = Mutex<[HTTPRequestHead]>([])

    init(_ answer: @escaping Answer) async throws {
        let seen = Mutex<(@Sendable (HTTPRequestHead) -> Void)?>(nil)
        let note: @Sendable (HTTPRequestHead) -> Void = { head in seen.withLock { $0 }?(head) }
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(SiteHandler(answer: answer, note: note))
                }
            }.bind(host: "127.0.0.1", port: 0).get()
        seen.withLock { $0 = { [weak self] head in self?.heads.withLock { $0.append(head) } } }
    }

    var port: Int { channel.localAddress?.port ?? 0 }

    func close() async { try? await channel.close() }
}

private final class SiteHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart
    let answer: Site.Answer
    let note: @Sendable (HTTPRequestHead) -> Void

    init(answer: @escaping Site.Answer, note: @escaping @Sendable (HTTPRequestHead) -> Void) {
        self.answer = answer
        self.note = note
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .head(let head) = unwrapInboundIn(data) else { return }
        note(head)
        let (status, fields, body) = answer(head)
        context.write(
            wrapOutboundOut(.head(.init(version: .http1_1, status: status, headers: HTTPHeaders(fields)))), promise: nil
        )
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: body)))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    }
}

@Suite struct WebFetcherTests {
    private static let bounds = WebFetcher.Bounds(maxBytes: 1000, cuts: true, time: .seconds(30))

    private static func fetcher(_ names: Names, allowing: [String] = ["127.0.0.1"]) -> WebFetcher {
        WebFetcher(
            addresses: AddressGuard(allowing: allowing.compactMap { IPNetwork($0) }), resolver: names, userAgent: "test"
        )
    }

    private static func withSite(
        _ answer: @escaping Site.Answer, _ body: (Site) async throws -> Void
    ) async throws {
        let site = try await Site(answer)
        do {
            try await body(site)
        } catch {
            await site.close()
            throw error
        }
        await site.close()
    }

    private static func fetch(
        _ url: String, _ fetcher: WebFetcher, _ bounds: WebFetcher.Bounds = bounds
    ) async throws -> (head: FetchedHead, body: [UInt8]) {
        try await fetcher.fetch(try #require(WebAddress(url)), accept: "text/html", bounds) { $0 == "text/html" }
    }

    private static let page: Site.Answer = { _ in (.ok, [("content-type", "text/html")], Array("hello".utf8)) }

    @Test func theAddressThatWasCheckedIsTheOneThatIsAsked() async throws {
        try await Self.withSite(Self.page) { site in
            // From the second look-up on, the name means another address: nobody asks a second time.
            let names = Names(["127.0.0.1"], ["127.0.0.2"])
            let (head, body) = try await Self.fetch("http://rebinding.example:\(site.port)/x#y", Self.fetcher(names))
            #expect(String(decoding: body, as: UTF8.self) == "hello")
            #expect(head.type == "text/html")
            #expect(names.asked.withLock { $0 } == 1)
            let asked = try #require(site.heads.withLock { $0.first })
            #expect(asked.uri == "/x")
            #expect(asked.headers["host"] == ["rebinding.example:\(site.port)"])
            #expect(asked.headers["cookie"].isEmpty && asked.headers["authorization"].isEmpty)
        }
    }

    @Test func aNameThatAlsoMeansANeighborIsRefused() async throws {
        try await Self.withSite(Self.page) { site in
            for addresses in [["127.0.0.1", "10.0.0.1"], ["10.0.0.1"], ["::1", "127.0.0.1"], []] {
                await #expect(throws: WebFetchError.refusedAddress) {
                    try await Self.fetch("http://neighbor.example:\(site.port)/", Self.fetcher(Names(addresses)))
                }
            }
            #expect(site.heads.withLock { $0.isEmpty })
        }
    }

    @Test(arguments: ["127.0.0.2", "[::1]", "[::ffff:127.0.0.2]", "other.example"])
    func redirectsAreCheckedAnew(host: String) async throws {
        let answer: Site.Answer = { head in (.found, [("location", "http://\(host):1/")], []) }
        try await Self.withSite(answer) { site in
            await #expect(throws: WebFetchError.refusedAddress) {
                try await Self.fetch(
                    "http://first.example:\(site.port)/", Self.fetcher(Names(["127.0.0.1"], ["10.0.0.1"])))
            }
            #expect(site.heads.withLock { $0.count } == 1)
        }
    }

    @Test func fourRedirectsAreFollowed() async throws {
        let answer: Site.Answer = { head in
            let step = Int(head.uri.dropFirst()) ?? 0
            return step == 0
                ? (.ok, [("content-type", "text/html")], [UInt8(ascii: "x")])
                : (.movedPermanently, [("location", "\(step - 1)")], [])
        }
        try await Self.withSite(answer) { site in
            let fetcher = Self.fetcher(Names(["127.0.0.1"]))
            let (head, _) = try await Self.fetch("http://a.example:\(site.port)/4", fetcher)
            #expect(head.address.url.path == "/0")
            await #expect(throws: WebFetchError.tooManyRedirects) {
                try await Self.fetch("http://a.example:\(site.port)/5", fetcher)
            }
        }
    }

    @Test func onlyAWantedSuccessIsRead() async throws {
        let answer: Site.Answer = { head in
            switch head.uri {
            case "/json": (.ok, [("content-type", "application/json")], [])
            case "/none": (.ok, [], [])
            case "/lost": (.found, [], [])
            case "/file": (.found, [("location", "file:///etc/passwd")], [])
            default: (.notFound, [("content-type", "text/html")], [])
            }
        }
        try await Self.withSite(answer) { site in
            let fetcher = Self.fetcher(Names(["127.0.0.1"]))
            for (path, error) in [
                ("json", WebFetchError.wrongType("application/json")), ("none", .wrongType("")), ("lost", .status(302)),
                ("file", .refusedAddress), ("else", .status(404)),
            ] {
                await #expect(throws: error) {
                    try await Self.fetch("http://a.example:\(site.port)/\(path)", fetcher)
                }
            }
        }
    }

    @Test func aLongBodyIsCutOrRefused() async throws {
        let answer: Site.Answer = { _ in
            (.ok, [("content-type", "text/html")], [UInt8](repeating: 0x61, count: 100_000))
        }
        try await Self.withSite(answer) { site in
            let fetcher = Self.fetcher(Names(["127.0.0.1"]))
            let (_, body) = try await Self.fetch("http://a.example:\(site.port)/", fetcher)
            #expect(body.count == 1000)
            await #expect(throws: WebFetchError.tooLarge) {
                try await Self.fetch(
                    "http://a.example:\(site.port)/", fetcher, .init(maxBytes: 1000, cuts: false, time: .seconds(30)))
            }
        }
    }

    @Test func aSilentServerIsGivenUp() async throws {
        // Takes connections and says nothing.
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = channel.localAddress?.port ?? 0
        await #expect(throws: WebFetchError.timedOut) {
            try await Self.fetch(
                "http://a.example:\(port)/", Self.fetcher(Names(["127.0.0.1"])),
                .init(maxBytes: 1000, cuts: true, time: .milliseconds(200)))
        }
        try await channel.close()
    }
}
