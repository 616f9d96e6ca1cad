import Chat
import EngineIO
import Foundation
import HTTPTypes
import HummingbirdCore
import HummingbirdTLS
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import SocketIO
import Synchronization

/// The chat's Socket.IO server: lets people in, hands their events to the event table, and carries the domain's events
/// to the rooms.
final class Hub: Sendable {
    let server: SocketIOServer
    let namespace: Namespace
    let logger: Logger
    let arrivals = Arrivals()

    init(configuration: SocketIOConfiguration, logger: Logger) {
        server = SocketIOServer(
            configuration: configuration, eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger)
        namespace = server.namespace()
        self.logger = logger
    }

    /// Takes up the work, before the first connection.
    func serve(_ chat: Chat, tokens: AccessTokens, limits: RateLimits, proxies: TrustedProxies) {
        let table = EventTable(chat: chat, limits: limits, logger: logger)
        namespace.onAdmission { request in
            do throws(ChatError) {
                let address = RateLimits.Subject.address(proxies.client(of: request.handshake))
                try limits.require(.refusedConnections, of: address)
                let caller: Caller
                do throws(ChatError) {
                    caller = try await Self.admit(request, tokens: tokens)
                } catch {
                    try? limits.spend(.refusedConnections, of: address)
                    throw error
                }
                try limits.spend(.connections, of: .user(caller.user))
                return .accept(userInfo: caller)
            } catch {
                return .refuse(message: error.detail, data: try? JSONFragment(Refusal(error)))
            }
        }
        namespace.onConnect { [weak self] socket in
            guard let self, let caller = socket.userInfo as? Caller else { return socket.disconnect(close: true) }
            self.arrived(socket, caller, chat)
        }
        namespace.onEvent { socket, event in
            guard let caller = socket.userInfo as? Caller else { return }
            table.handle(event, from: socket, caller)
        }
        namespace.onDisconnect { socket, _ in
            guard let caller = socket.userInfo as? Caller else { return }
            guard chat.presence.leave(caller.user) else { return }
            chat.typing.end(of: caller.user)
            Task { await chat.presence.announceDeparture(of: caller.user) }
        }
    }

    // MARK: Admission

    private struct Credentials: PlainlyReadable {
        var token: String

        init?(plain members: [JSONFragment.Member]) {
            guard members.count == 1, members[0].name == "token", let token = members[0].value.plainString else {
                return nil
            }
            self.token = token
        }
    }

    private struct Refusal: Encodable {
        var code: String
        var detail: String

        init(_ error: ChatError) {
            code = error.code.description
            detail = error.detail
        }
    }

    /// Bytes of what a client says as it connects: an access token has a tenth of that.
    private static let maximumAuth = 8 * 1024

    private static func admit(_ request: ConnectRequest, tokens: AccessTokens) async throws(ChatError) -> Caller {
        guard request.auth.bytes.readableBytes <= Self.maximumAuth else {
            throw ChatError(.tooLarge, "auth: at most \(Self.maximumAuth) bytes")
        }
        guard let credentials = try? JSON.read(Credentials.self, from: request.auth) else {
            throw ChatError(.unauthenticated, "auth.token: an access token is needed")
        }
        return try await tokens.verify(credentials.token, remembering: false)
    }

    // MARK: Arrival

    /// On the socket's event loop. The rooms of the user and the session come first: whatever happens to the user from
    /// here on reaches this socket, and `Arrivals` notes which conversations change while their list is read.
    ///
    /// What is live waits until the greeting is out, and the greeting is read after the rooms are joined: no message
    /// falls between the two, none overtakes an older one, and none comes twice.
    private func arrived(_ socket: Socket, _ caller: Caller, _ chat: Chat) {
        socket.holdBroadcasts()
        socket.join(.user(caller.user), .session(caller.session))
        let arrival = arrivals.begin(caller.user)
        let first = chat.presence.enter(caller.user)
        Task(executorPreference: socket.executor) {
            do {
                // A session that ended between the check of its token and the joining of its room.
                try chat.accounts.gate.check(user: caller.user, session: caller.session)
                let conversations = try await chat.welcome.conversations(of: caller.user)
                self.arrivals.end(arrival, of: caller.user, listed: conversations) {
                    socket.join($0.map(Room.conversation))
                }
                let online = try await chat.presence.announceArrival(of: caller.user, first: first)
                let sent = try await self.greet(socket, caller, online, chat)
                socket.releaseBroadcasts(except: sent)
            } catch {
                self.arrivals.end(arrival, of: caller.user, listed: []) { _ in }
                self.logger.debug("a socket could not be welcomed", metadata: ["error": "\(error)"])
                // Not sent away, so that its client connects again by itself.
                socket.cutConnection()
            }
        }
    }

    private struct Ready: JSONWritable {
        var greeting: Welcome.Greeting
        var online: [UserID]

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("user", greeting.user)
                json.field("online", online)
                json.name("undelivered")
                json.object { json in
                    for (conversation, count) in greeting.undelivered {
                        json.name(conversation)
                        json.integer(count)
                    }
                }
            }
        }
    }

    /// What a client gets once: `ready`, then the oldest messages it has not confirmed.
    /// - Returns: The subjects of these messages.
    private func greet(
        _ socket: Socket, _ caller: Caller, _ online: [UserID], _ chat: Chat
    ) async throws -> Set<String> {
        let greeting = try await chat.welcome.greeting(for: caller.user)
        socket.emit("ready", [JSONFragment(writing: Ready(greeting: greeting, online: online))])
        guard !greeting.undelivered.isEmpty else { return [] }
        // Half of what may wait for a client; the rest comes by `sync`.
        var room = server.configuration.engine.maxOutboundBytes / 2
        var sent: Set<String> = []
        for message in try await chat.sync.oldestUndelivered(to: caller.user) {
            let fragment = JSONFragment(writing: message)
            room -= fragment.bytes.readableBytes
            guard room > 0 else { break }
            socket.emit("message:received", [fragment])
            sent.insert(message.id.description)
        }
        return sent
    }

    // MARK: HTTP

    /// The HTTP server on whose port the sockets are.
    /// - Parameters:
    ///   - shares: What each address may have of its connections; nil for as many as it likes.
    ///   - proxies: Whose connections are their clients'.
    func httpServer(
        _ configuration: ServerConfiguration, screening: RequestScreening, tls: CertificateFiles?,
        shares: ConnectionShares?, proxies: TrustedProxies
    ) throws -> HTTPServerBuilder {
        let plain = HTTPServerBuilder.http1WithSocketIO(
            server, configuration: .parley(configuration, shares: shares, proxies: proxies), screening: screening.rules)
        guard let tls else { return plain }
        return try .tls(plain, tlsConfiguration: tls.configuration)
    }
}

extension HTTP1Channel.Configuration {
    static func parley(
        _ configuration: ServerConfiguration, shares: ConnectionShares? = nil, proxies: TrustedProxies = .none
    ) -> HTTP1Channel.Configuration {
        let maximumBytes = configuration.maxUploadBytes + UploadRoutes.framing
        let timeout = TimeAmount.seconds(Int64(configuration.requestTimeout))
        var http = HTTP1Channel.Configuration(idleTimeout: timeout)
        http.httpDecoder = .init(maxHeaderFieldSize: 16 * 1024, maxHeaderListSize: 64 * 1024, maxHeaderFieldCount: 100)
        http.additionalChannelHandlers = {
            let handlers: [any RemovableChannelHandler] = [
                RequestGuard(timeout: timeout), ExpectContinue(maximumBytes: maximumBytes),
            ]
            guard let shares, !proxies.isEmpty else { return handlers }
            return handlers + [ForwardedShare(shares: shares, proxies: proxies)]
        }
        return http
    }
}

extension Hub: Service {
    /// Closes the sockets, whose clients then connect again, as soon as the server is to stop.
    func run() async throws {
        try? await gracefulShutdown()
        await server.shutdown()
    }
}

extension SocketIOConfiguration {
    static func parley(
        origins: OriginPolicy, limits: RateLimits, proxies: TrustedProxies, shares: ConnectionShares?
    ) -> SocketIOConfiguration {
        var configuration = SocketIOConfiguration()
        configuration.engine.cors =
            origins.allowed.isEmpty
            ? .sameOrigin : .allowing { WebOrigin($0).map(origins.allowed.contains) ?? false }
        let spend = { @Sendable (rule: RateLimits.Rule, request: HandshakeRequest) -> HandshakeRefusal? in
            do throws(ChatError) {
                try limits.spend(rule, of: .address(proxies.client(of: request)))
                return nil
            } catch {
                return HandshakeRefusal(error)
            }
        }
        configuration.engine.screening = { request in
            if let refusal = spend(.handshakes, request) ?? Self.refusal(of: request, by: origins, proxies) {
                return .refuse(refusal)
            }
            guard let shares, let client = proxies.forwardedClient(of: request) else { return .accept() }
            guard let share = shares.take(client) else { return .refuse(HandshakeRefusal(ConnectionShares.refusal)) }
            return .accept(holding: share)
        }
        configuration.engine.refusing = { spend(.anonymousRequests, $0) }
        return configuration
    }

    /// Browsers send `Origin` with every WebSocket, and no CORS protects those (RFC 6455 § 10.2).
    private static func refusal(
        of request: HandshakeRequest, by origins: OriginPolicy, _ proxies: TrustedProxies
    ) -> HandshakeRefusal? {
        guard let origin = request.origin else { return nil }
        let isSecure = origins.isSecure(throughTLSProxy: proxies.saysTLS(request))
        let page = origins.page(origin: origin, authority: request.authority, isSecure: isSecure)
        guard case .stranger(let reason) = page else { return nil }
        return HandshakeRefusal(status: .forbidden, message: reason)
    }
}

extension HandshakeRefusal {
    /// Of what is too much at once.
    fileprivate init(_ error: ChatError) {
        self.init(
            status: .tooManyRequests, message: error.detail, headers: [.retryAfter: String(error.retryAfter ?? 1)])
    }
}

extension JSONFragment {
    /// In API.md's form of JSON, unlike `init(_:)`.
    init(encoding value: some Encodable) throws {
        self.init(json: try JSON.encode(value))
    }

    init(writing value: some JSONWritable) {
        self.init(json: value.json)
    }
}
