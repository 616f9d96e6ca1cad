import Foundation

/// Which pages may talk to this server: its own and those the operator names.
struct OriginPolicy: Sendable {
    /// `scheme://host[:port]`, lower case.
    let allowed: Set<String>

    /// Whether `origin` is the server's own: its authority is the one the request was sent to.
    func isOwn(_ origin: String, authority: String?) -> Bool {
        guard let authority, let scheme = origin.range(of: "://") else { return false }
        return origin[scheme.upperBound...].lowercased() == authority.lowercased()
    }

    func permits(_ origin: String, authority: String?) -> Bool {
        isOwn(origin, authority: authority) || allowed.contains(origin.lowercased())
    }
}
