import ChatModel
import HTTPTypes
import Hummingbird

/// Keeps a page's refresh token where its scripts cannot read it. A page asks for it by the header `X-Parley-Cookie:
/// 1`, which a foreign page cannot send without a CORS preflight. The `Origin` must be the server's own as well.
struct RefreshCookie: Sendable {
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

    func read(_ request: Request) -> String? { request.cookies[Self.name]?.value }

    func set(_ token: String, on response: inout Response, _ context: RequestEnvironment) {
        response.setCookie(
            Cookie(
                name: Self.name, value: token, maxAge: Int(30 * 24 * 3600), path: "/auth",
                secure: context.isSecure, httpOnly: true, sameSite: .strict))
    }

    func clear(_ response: inout Response, _ context: RequestEnvironment) {
        response.setCookie(
            Cookie(
                name: Self.name, value: "", maxAge: 0, path: "/auth", secure: context.isSecure, httpOnly: true,
                sameSite: .strict))
    }
}
