import ChatModel
import HTTPTypes
import Hummingbird

/// Keeps a page's refresh token where its scripts cannot read it. A page asks for it by the header `X-Parley-Cookie:
/// 1`, which a foreign page cannot send without a CORS preflight. The `Origin` must be the server's own as well.
struct RefreshCookie: Sendable {
    let jar: CookieJar

    private static let name = "parley_refresh"
    // A literal that is a token (RFC 9110, section 5.6.2).
    private static let header = HTTPField.Name("X-Parley-Cookie")!

    func isWanted(by request: Request) -> Bool { request.headers[Self.header] == "1" }

    /// - Throws: `forbidden` for a page of another origin that wants the cookie.
    func check(_ request: Request, _ context: RequestEnvironment) throws(ChatError) {
        guard isWanted(by: request) else { return }
        guard context.page == .own else {
            throw ChatError(.forbidden, "the cookie is for this server's own pages")
        }
    }

    func read(_ request: Request, _ context: RequestEnvironment) -> String? {
        jar.value(of: Self.name, in: request, context)
    }

    func set(_ token: String, on response: inout Response, _ context: RequestEnvironment) {
        jar.set(Self.name, to: token, maxAge: 30 * 24 * 3600, on: &response, context)
    }

    func clear(_ request: Request, on response: inout Response, _ context: RequestEnvironment) {
        jar.clear(Self.name, of: request, on: &response, context)
    }

    /// For a request whose cookie was this server's, and has been replaced.
    func clearOld(_ request: Request, on response: inout Response, _ context: RequestEnvironment) {
        jar.clearOld(Self.name, of: request, on: &response, context)
    }
}
