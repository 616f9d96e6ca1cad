import Chat
import ChatModel
import Crypto
import Foundation
import JWTKit
import Synchronization

/// Access tokens: JWTs (RFC 7519) signed with HS256, for this server by this server.
struct AccessTokens: Sendable {
    private static let issuer = "parley"
    private static let audience = "parley"
    /// How many verified tokens are remembered. Beyond that the memory is emptied.
    private static let maxRemembered = 50_000

    private struct Payload: JWTPayload {
        var iss: IssuerClaim
        var aud: AudienceClaim
        var sub: SubjectClaim
        var sid: String
        var iat: IssuedAtClaim
        var exp: ExpirationClaim

        func verify(using algorithm: some JWTAlgorithm) throws {
            // The expiry is checked separately: logging out accepts an expired token.
            guard iss.value == AccessTokens.issuer else {
                throw JWTError.claimVerificationFailure(failedClaim: iss, reason: "another issuer")
            }
            try aud.verifyIntendedAudience(includes: AccessTokens.audience)
        }
    }

    /// A verification costs 74 µs. A verified token is remembered until it expires.
    private final class Memory: Sendable {
        let verified = Mutex<[String: (caller: Caller, expires: Date)]>([:])
    }

    /// One collection for each secret, the current one first. A token chooses neither its key nor its algorithm: every
    /// key is for HS256 alone (RFC 8725, section 3.1).
    private let keys: [JWTKeyCollection]
    private let revocations: RevocationList
    private let memory = Memory()

    /// - Parameter previous: a secret whose tokens are still accepted, while clients change over to the current one.
    init(secret: SymmetricKey, previous: SymmetricKey?, revocations: RevocationList) async {
        self.revocations = revocations
        var keys: [JWTKeyCollection] = []
        for secret in [secret, previous].compactMap({ $0 }) {
            keys.append(await JWTKeyCollection().add(hmac: HMACKey(key: secret), digestAlgorithm: .sha256))
        }
        self.keys = keys
    }

    func issue(for signedIn: SignedIn, now: Date = Date()) async throws -> String {
        let payload = Payload(
            iss: .init(value: Self.issuer), aud: .init(value: [Self.audience]),
            sub: .init(value: signedIn.user.id.description), sid: signedIn.sessionID.description,
            iat: .init(value: now), exp: .init(value: now + RevocationList.tokenLifetime))
        return try await keys[0].sign(payload)
    }

    /// - Parameter remembering: Whether the token is likely to come again soon: a socket brings it once, a page with
    ///   each request.
    /// - Throws: `unauthenticated`, `token_expired`, `session_revoked` or `banned`.
    func verify(_ token: String, remembering: Bool = true, now: Date = Date()) async throws(ChatError) -> Caller {
        guard Self.canBe(token) else { throw Self.isNone }
        let caller: Caller
        if let known = memory.verified.withLock({ $0[token] }), known.expires > now {
            caller = known.caller
        } else {
            let read = try await read(token)
            guard read.expires > now else {
                throw ChatError(.tokenExpired, "the access token has expired; refresh it")
            }
            if remembering { remember(token, read) }
            caller = read.caller
        }
        try await revocations.check(user: caller.user, session: caller.session, now: now)
        return caller
    }

    /// Whose token it is, even if it has expired or its session has ended.
    /// - Throws: `unauthenticated`.
    func owner(of token: String) async throws(ChatError) -> Caller {
        guard Self.canBe(token) else { throw Self.isNone }
        return try await read(token).caller
    }

    private static let isNone = ChatError(.unauthenticated, "this is no access token of this server")

    /// Checked first: looking a string up takes time that grows with the square of its combining marks.
    private static func canBe(_ token: String) -> Bool { token.utf8.count < 2048 }

    private func remember(_ token: String, _ read: (caller: Caller, expires: Date)) {
        memory.verified.withLock { verified in
            if verified.count >= Self.maxRemembered { verified = [:] }
            verified[token] = read
        }
    }

    private func read(_ token: String) async throws(ChatError) -> (caller: Caller, expires: Date) {
        for key in keys {
            do {
                let payload = try await key.verify(token, as: Payload.self)
                guard let user = UserID(payload.sub.value), let session = SessionID(payload.sid) else { break }
                return (Caller(user: user, session: session), payload.exp.value)
            } catch let error as JWTError where error.errorType == .claimVerificationFailure {
                break
            } catch {
                continue
            }
        }
        throw Self.isNone
    }
}
