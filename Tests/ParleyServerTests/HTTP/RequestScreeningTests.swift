import EngineIO
import NIOCore
import NIOHTTP1
import Testing

@testable import ParleyServer

@Suite struct RequestScreeningTests {
    private let address: SocketAddress
    private let limits = RateLimits(isEnabled: true)

    init() throws { address = try SocketAddress(ipAddress: "203.0.113.5", port: 1) }

    private func screening(publicURL: String? = nil, basePath: String? = nil) -> RequestScreening {
        RequestScreening(
            publicOrigin: publicURL.flatMap { WebOrigin($0) }, basePath: basePath.flatMap { BasePath($0) } ?? .root,
            limits: limits, proxies: .none)
    }

    /// The code that a head is refused with; nil for one that is in order, which is changed as it has to be.
    private func code(_ head: inout HTTPRequestHead, publicURL: String? = nil) -> String? {
        screening(publicURL: publicURL).problem(with: &head)?.code
    }

    private func code(
        _ method: HTTPMethod = .GET, _ uri: String = "/", _ headers: HTTPHeaders = ["Host": "a"],
        version: HTTPVersion = .http1_1, publicURL: String? = nil
    ) -> String? {
        var head = HTTPRequestHead(version: version, method: method, uri: uri, headers: headers)
        return code(&head, publicURL: publicURL)
    }

    @Test(
        arguments: [
            ("/chat", "/"), ("/chat/", "/"), ("/chat?a=/b", "/?a=/b"), ("/chat/users/x?y", "/users/x?y"),
            ("/chat/socket.io/?EIO=4", "/socket.io/?EIO=4"), ("http://a/chat/c/1", "/c/1"), ("/chat//x", "//x"),
            ("/chat/chat/x", "/chat/x"), ("/health", "/health"), ("/ready?x", "/ready?x"), ("/chat/health", "/health"),
            ("/", nil), ("/users/x", nil), ("/chatter", nil), ("/Chat/users", nil), ("//chat/users", nil),
            ("/socket.io/", nil),
            ("/x/chat/users", nil), ("/%63hat/users", nil), ("/./chat/", nil), ("?/chat/", nil), ("/healthy", nil),
        ] as [(String, String?)])
    func whatIsNotBelowTheBasePathIsNotFound(target: String, path: String?) {
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: target, headers: ["Host": "a"])
        let problem = screening(basePath: "/chat").problem(with: &head)
        if let path {
            #expect(problem == nil)
            #expect(head.uri == path)
        } else {
            #expect(problem?.code == (target.hasPrefix("?") ? "malformed_request" : "not_found"))
        }
    }

    @Test func versionsAndFramings() {
        #expect(code() == nil)
        #expect(code(version: .http1_0) == nil)
        #expect(code(version: .http2) == "malformed_request")
        #expect(code(.POST, "/", ["Host": "a", "Transfer-Encoding": "Chunked"]) == nil)
        #expect(code(.POST, "/", ["Host": "a", "Transfer-Encoding": "gzip, chunked"]) == "malformed_request")
        #expect(
            code(.POST, "/", ["Host": "a", "Transfer-Encoding": "chunked"], version: .http1_0) == "malformed_request")
    }

    @Test func methods() {
        for method in [HTTPMethod.GET, .HEAD, .POST, .PUT, .PATCH, .DELETE, .OPTIONS] { #expect(code(method) == nil) }
        for method in [HTTPMethod.CONNECT, .RAW(value: "get"), .RAW(value: "BREW")] {
            #expect(code(method) == "method_not_allowed")
        }
        #expect(code(.TRACE) == nil, "each resource says what it answers to instead")
        #expect(code(.TRACE, "/socket.io/?EIO=4") == "method_not_allowed", "sockets have no resource that would")
    }

    @Test func oneHostIsNamed() {
        #expect(code(.GET, "/", [:]) == "malformed_request")
        #expect(code(.GET, "/", [:], version: .http1_0) == nil)
        #expect(code(.GET, "/", HTTPHeaders([("Host", "a"), ("Host", "a")])) == "malformed_request")
        for host in ["", "a b", "a,b", "a:99999", "user@a", "a/b"] {
            #expect(code(.GET, "/", ["Host": host]) == "malformed_request", "\(host)")
        }
    }

    @Test func blanksAroundTheHostAreNotItsOwn() {
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/", headers: ["Host": " a:80\t"])
        #expect(code(&head) == nil)
        #expect(head.headers["Host"] == ["a:80"])
    }

    @Test(arguments: [
        ("http://b:1/path?q", "/path?q", "b:1"), ("HTTPS://b", "/", "b"), ("http://b?q", "/?q", "b"),
        ("/path", "/path", "a"),
    ])
    func anAbsoluteTargetNamesTheHost(target: String, path: String, host: String) {
        var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: target, headers: ["Host": "a"])
        #expect(code(&head) == nil)
        #expect(head.uri == path)
        #expect(head.headers["Host"] == [host])
    }

    @Test(arguments: ["", "path", "*", "ftp://a/", "http://", "http://a b/", "a:80", "http:/a"])
    func whatIsNoTargetIsRefused(target: String) {
        #expect(code(.GET, target) == "malformed_request")
    }

    @Test func aStarIsForOptionsAlone() {
        #expect(code(.OPTIONS, "*") == nil)
        var head = HTTPRequestHead(version: .http1_1, method: .OPTIONS, uri: "*", headers: ["Host": "a"])
        #expect(screening().rules.screen(&head, address)?.status == .noContent)
    }

    /// A name that was made to point here (DNS rebinding) learns nothing.
    @Test func anotherServersNameIsRefusedWhereThisOnesIsKnown() {
        let url = "https://chat.example"
        #expect(code(.GET, "/", ["Host": "chat.example"], publicURL: url) == nil)
        #expect(code(.GET, "/", ["Host": "CHAT.example:443"], publicURL: url) == nil)
        #expect(code(.GET, "/", ["Host": "evil.example"], publicURL: url) == "misdirected_request")
        #expect(code(.GET, "http://evil.example/", ["Host": "chat.example"], publicURL: url) == "misdirected_request")
        #expect(code(.GET, "/health", ["Host": "10.0.0.1"], publicURL: url) == nil, "checks call it by its address")
        #expect(code(.GET, "/ready?x", ["Host": "10.0.0.1"], publicURL: url) == nil)
        #expect(code(.GET, "/healthy", ["Host": "10.0.0.1"], publicURL: url) == "misdirected_request")
    }

    @Test func longFieldsAreASCII() {
        let long = String(repeating: "ü", count: 600)
        #expect(code(.GET, "/", ["Host": "a", "X": long]) == "malformed_request")
        #expect(code(.GET, "/", ["Host": "a", "X": String(repeating: "ü", count: 500)]) == nil)
        #expect(code(.GET, "/", ["Host": "a", "X": String(repeating: "x", count: 5000)]) == nil)
    }

    /// Refusals cost what answers cost, so that nobody asks for them without end.
    @Test func refusalsArePaidFor() throws {
        let rules = screening().rules
        let other = try SocketAddress(ipAddress: "203.0.113.6", port: 1)
        let third = try SocketAddress(ipAddress: "203.0.113.7", port: 1)
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "nowhere", headers: ["Host": "a"])
        let refusals: [(SocketAddress) -> HTTPScreening.Answer?] = [
            { peer in
                var head = head
                return rules.screen(&head, peer)
            },
            { peer in rules.unreadable(.badRequest, peer) },
        ]
        for (refusal, peer) in zip(refusals, [address, other]) {
            #expect(refusal(peer)?.status == .badRequest)
            // Far faster than tokens come back.
            let answers = (0..<100_000).lazy.map { _ in refusal(peer) }
            let limited = try #require(answers.first { $0?.status == .tooManyRequests })
            #expect(limited?.headers["Retry-After"].isEmpty == false)
            #expect(refusal(third)?.status == .badRequest, "others are not concerned")
        }
    }

    @Test func aHeadThatIsTooLongIsToldSo() {
        #expect(
            screening().rules.unreadable(.requestHeaderFieldsTooLarge, address).status == .requestHeaderFieldsTooLarge)
    }

    @Test func onlyHTTP11AsksForInterimAnswers() {
        for (version, isAsked) in [(HTTPVersion.http1_0, false), (.http1_1, true)] {
            var head = HTTPRequestHead(
                version: version, method: .POST, uri: "/upload",
                headers: ["Host": "a", "Upload-Draft-Interop-Version": "6"])
            #expect(code(&head) == nil)
            #expect(head.headers.contains(name: "Upload-Draft-Interop-Version") == isAsked)
        }
    }
}
