import ChatModel
import EngineIO
import HTTPTypes
import NIOHTTP1

/// Refuses requests by their head, whatever they are for: a version, framing, method, target or `Host` that HTTP does
/// not allow, or the name of another server.
struct RequestScreening: Sendable {
    /// The server's public address, if the operator says it. A page whose name was made to point here (DNS rebinding)
    /// calls the server by another name.
    let publicOrigin: WebOrigin?
    /// What is not below it is not found. Everything behind the screening sees paths without it.
    let basePath: BasePath
    let limits: RateLimits
    let proxies: TrustedProxies

    var rules: HTTPScreening {
        HTTPScreening(
            screen: { head, peer in
                if let problem = problem(with: &head) {
                    return answer(
                        problem, to: proxies.client(peer: peer, forwardedFor: head.headers["X-Forwarded-For"]))
                }
                // RFC 9110, section 9.3.7.
                return head.uri == "*" ? .init(status: .noContent, headers: ["Allow": Self.list(Self.methods)]) : nil
            },
            unreadable: { status, peer in answer(Self.unreadable(status), to: proxies.unnamedClient(peer: peer)) })
    }

    /// Refused requests are paid for like answered ones.
    private func answer(_ problem: Problem, to client: ClientAddress) -> HTTPScreening.Answer {
        do throws(ChatError) {
            try limits.spend(.anonymousRequests, of: .address(client))
            return problem.answer
        } catch {
            return Problem(error).answer
        }
    }

    private static func unreadable(_ status: HTTPResponseStatus) -> Problem {
        if status == .requestHeaderFieldsTooLarge {
            return Problem(
                .requestHeaderFieldsTooLarge, code: "header_too_large", detail: "the request's header is too long")
        }
        return malformed("the request cannot be read")
    }

    private static func malformed(_ detail: String) -> Problem {
        Problem(.badRequest, code: "malformed_request", detail: detail)
    }

    // MARK: The head

    /// Normalizes the head: the target becomes a path.
    /// - Returns: nil for a valid head.
    func problem(with head: inout HTTPRequestHead) -> Problem? {
        // Comparing and looking up a string takes time that grows with the square of its combining marks.
        guard
            head.headers.allSatisfy({
                $0.value.utf8.count <= Self.maxForeign || $0.value.utf8.allSatisfy { $0 < 0x80 }
            })
        else { return Self.malformed("a header field beyond \(Self.maxForeign) bytes that is not ASCII") }
        guard head.version == .http1_1 || head.version == .http1_0 else {
            return Self.malformed("\(head.version) is neither HTTP/1.1 nor HTTP/1.0")
        }
        // A client of HTTP/1.0 takes an interim answer for the final one (RFC 9110, section 15.2).
        if head.version == .http1_0 { head.headers.remove(name: "Upload-Draft-Interop-Version") }
        // RFC 9112, section 6.1.
        let codings = head.headers["Transfer-Encoding"]
        guard codings.isEmpty || head.version == .http1_1 && codings.map({ $0.lowercased() }) == ["chunked"] else {
            return Self.malformed("Transfer-Encoding: chunked, in HTTP/1.1, and nothing else")
        }
        guard Self.methods.contains(head.method) else { return .methodNotAllowed(Self.list(Self.methods)) }
        if let problem = Self.problemWithHost(of: &head) ?? Self.problemWithTarget(of: &head)
            ?? problemWithPath(of: &head)
        {
            return problem
        }
        if head.method == .TRACE, Self.socketPaths.contains(String(head.uri.prefix { $0 != "?" })) {
            return .methodNotAllowed(Self.list([.GET, .OPTIONS, .POST]))
        }
        return problemWithName(of: head)
    }

    /// In bytes.
    private static let maxForeign = 1024

    /// `TRACE` is among them so that each resource can answer which methods it has instead.
    private static let methods: [HTTPMethod] = [.GET, .HEAD, .POST, .PUT, .PATCH, .DELETE, .OPTIONS, .TRACE]

    private static func list(_ methods: [HTTPMethod]) -> String {
        methods.map(\.rawValue).sorted().joined(separator: ", ")
    }

    /// RFC 9112, section 3.2. Whitespace around a value is not part of it (section 5.1).
    private static func problemWithHost(of head: inout HTTPRequestHead) -> Problem? {
        let hosts = head.headers["Host"]
        guard hosts.count <= 1 else { return malformed("Host: more than one") }
        guard let host = hosts.first else {
            return head.version == .http1_0 ? nil : malformed("Host: is missing")
        }
        let words = host.split { $0 == " " || $0 == "\t" }
        guard words.count == 1, Authority(words[0]) != nil else {
            return malformed("Host: no host, or a host and a port")
        }
        if words[0].utf8.count < host.utf8.count {
            head.headers.replaceOrAdd(name: "Host", value: String(words[0]))
        }
        return nil
    }

    /// RFC 9112, section 3.2.1 to 3.2.4. The host of an absolute target replaces the `Host` field.
    private static func problemWithTarget(of head: inout HTTPRequestHead) -> Problem? {
        if head.uri.utf8.first == UInt8(ascii: "/") || head.uri == "*" && head.method == .OPTIONS { return nil }
        let target = head.uri
        guard let colon = target.firstIndex(of: ":"), target[colon...].hasPrefix("://"),
            ["http", "https"].contains(target[..<colon].lowercased())
        else { return malformed("the request's target is neither a path nor a URL") }
        let rest = target[target.index(colon, offsetBy: 3)...]
        let host = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard Authority(host) != nil else { return malformed("the request's target has no valid host") }
        let path = rest[host.endIndex...]
        head.uri = path.hasPrefix("/") ? String(path) : "/\(path)"
        head.headers.replaceOrAdd(name: "Host", value: String(host))
        return nil
    }

    private func problemWithPath(of head: inout HTTPRequestHead) -> Problem? {
        if head.uri == "*" || Self.isCheck(head) { return nil }
        guard let path = basePath.stripped(from: head.uri) else {
            return Problem(.notFound, code: "not_found", detail: "this server is at \(basePath.text)/")
        }
        head.uri = path
        return nil
    }

    private func problemWithName(of head: HTTPRequestHead) -> Problem? {
        guard let publicOrigin else { return nil }
        let called = head.headers.first(name: "Host").flatMap { Authority($0) }
        if let called, WebOrigin(isSecure: publicOrigin.isSecure, called) == publicOrigin { return nil }
        // Health checks call the server by its address, and learn nothing else.
        if Self.isCheck(head) { return nil }
        return Problem(
            .misdirectedRequest, code: "misdirected_request", detail: "Host: this server is at \(publicOrigin.text)")
    }

    private static func isCheck(_ head: HTTPRequestHead) -> Bool {
        ["/health", "/ready"].contains(String(head.uri.prefix { $0 != "?" }))
    }

    private static let socketPaths: Set<String> = ["/socket.io", "/socket.io/"]
}

extension Problem {
    /// The answer to a request that does not reach the router.
    var answer: HTTPScreening.Answer {
        let (head, body) = parts
        return .init(
            status: .init(statusCode: status.code, reasonPhrase: status.reasonPhrase),
            headers: .init(head.headerFields.map { ($0.name.rawName, $0.value) }), body: body)
    }
}
