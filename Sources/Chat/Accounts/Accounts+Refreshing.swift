import ChatModel
import ChatStore

extension Accounts {
    /// A spent refresh token still works for this many seconds, because two tabs may refresh at once.
    static let refreshGrace: Double = 10

    /// Exchanges a refresh token for its successor.
    ///
    /// A spent token gets the same successor again: for `refreshGrace`, and then until the successor was used, because the
    /// answer may have been lost. After that, either this token was stolen or a thief used the successor, so the whole
    /// session is revoked (RFC 9700, section 4.14.2).
    public func refresh(_ token: String) async throws -> SignedIn {
        enum Outcome: Sendable {
            case refreshed(user: UserID, session: SessionID, token: String)
            case reused(TokenExchange.Token)
            case refused(ChatError)
        }
        let unknown = ChatError(.unauthenticated, "this refresh token is not known")
        guard token.utf8.count <= RefreshTokens.maxBytes else { throw unknown }
        let successors = refreshTokens.successors(of: token)
        let outcome: Outcome = try await sessions.exchange(token) { exchange in
            guard let known = try await exchange.lock() else { return .refused(unknown) }
            if known.hasSessionEnded {
                return .refused(ChatError(.sessionRevoked, "this session was ended; sign in again"))
            }
            if known.isAccountClosed { return .refused(.accountClosed(known.ban)) }
            func refreshed(_ token: String) -> Outcome {
                .refreshed(user: known.user, session: known.session, token: token)
            }
            if let spentFor = known.spentFor {
                let isInGrace = spentFor <= Self.refreshGrace
                for successor in successors {
                    guard let isSpent = try await exchange.isSpent(successor) else { continue }
                    return isInGrace || !isSpent ? refreshed(successor) : .reused(known)
                }
                // The version before this one made random successors, which are not known here.
                guard isInGrace else { return .reused(known) }
            }
            try await exchange.replace(by: successors[0], of: known.session)
            return refreshed(successors[0])
        }
        switch outcome {
        case .refused(let error):
            throw error
        case .reused(let known):
            _ = try await revoke(known.session, of: known.user)
            throw ChatError(.sessionRevoked, "this refresh token was used before; sign in again")
        case .refreshed(let user, let session, let token):
            return SignedIn(user: try await me(user), sessionID: session, refreshToken: token)
        }
    }
}
