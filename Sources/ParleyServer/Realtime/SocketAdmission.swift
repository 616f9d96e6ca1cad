import ChatModel
import NIOCore
import SocketIO

/// Decides which sockets may connect: those with a good access token, as often as their user and address may.
struct SocketAdmission: Sendable {
    let tokens: AccessTokens
    let limits: RateLimits
    let proxies: TrustedProxies

    /// Bytes of what a client says as it connects. An access token has a tenth of that.
    private static let maxAuth = 8 * 1024

    func decide(_ request: ConnectRequest) async -> Admission {
        do throws(ChatError) {
            return .accept(userInfo: try await admit(request))
        } catch {
            return .refuse(message: error.detail, data: JSONFragment(writing: ConnectRefusal(error: error)))
        }
    }

    private func admit(_ request: ConnectRequest) async throws(ChatError) -> Caller {
        let address = RateLimits.Subject.address(proxies.client(of: request.handshake))
        try limits.require(.refusedConnections, of: address)
        let caller: Caller
        do throws(ChatError) {
            caller = try await verify(request.auth)
        } catch {
            try? limits.spend(.refusedConnections, of: address)
            throw error
        }
        try limits.spend(.connections, of: .user(caller.user))
        return caller
    }

    private func verify(_ auth: JSONFragment) async throws(ChatError) -> Caller {
        guard auth.bytes.readableBytes <= Self.maxAuth else {
            throw ChatError(.tooLarge, "auth: at most \(Self.maxAuth) bytes")
        }
        guard let credentials = try? JSON.read(Credentials.self, from: auth) else {
            throw ChatError(.unauthenticated, "auth.token: an access token is needed")
        }
        var caller = try await tokens.verify(credentials.token, remembering: false)
        caller.joinsMarks = credentials.joinedMarks ?? false
        return caller
    }

    private struct Credentials: PlainlyReadable {
        var token: String
        var joinedMarks: Bool?

        init?(plain members: [JSONFragment.Member]) {
            guard members.count == 1, members[0].name == "token", let token = members[0].value.plainString else {
                return nil
            }
            self.token = token
        }
    }
}

/// The `data` of a `connect_error`.
struct ConnectRefusal: JSONWritable {
    var error: ChatError

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("code", error.code.description)
            json.field("detail", error.detail)
            json.field(error.ban)
        }
    }
}
